"""Spikes and recordings in MATLAB files: Wave_Clus snippets and continuous data, HC1 snippets."""

from pathlib import Path
from typing import Any

import numpy as np

from model.datasets.detection import detect_spikes
from model.datasets.readers.registry import reads
from model.datasets.readers.snippets import snippet_table
from model.datasets.spikes import SpikeTable
from model.datasets.units import units_per_step
from spikecae.design import Design
from spikecae.opening.description import Description
from spikecae.opening.formats import as_described
from spikecae.opening.matlab import SIGNAL, load_matlab, matlab_rate, matlab_recording, numbers_in
from spikecae.opening.provenance import Provenance

__all__ = ["read_matlab"]

HC1_RATE_HZ = 10000.0
"""``ec_st`` counts samples of the recording."""
SIMULATED = ("C_Easy", "C_Difficult", "C_Drift", "C_Burst")
"""How the files of the Wave_Clus simulator are called: real waveforms in simulated recordings."""


@reads(".mat")
def read_matlab(path: Path, design: Design, description: Description) -> SpikeTable:
    """Spikes of a ``.mat`` file, by the variables in it.

    - ``spikes`` ``(n, D)``: Wave_Clus snippets of one channel, their rate in ``sr`` or ``par.sr`` if it says so;
    - ``ec_spikes`` ``(M, D, n)`` and ``ec_st`` (times in samples): HC1 snippets on M channels;
    - ``data`` ``(channels, samples)``, or a column: a continuous recording, ``samplingInterval`` in ms.

    The Wave_Clus simulator's files, known by their names (``C_Easy1_noise01`` and the like), are semi-synthetic. Of
    others the provenance is what the description says.

    Raises:
        ValueError: not a readable MATLAB file, none of these variables, or shapes, a rate or units that do not fit the
            design.
    """
    content = load_matlab(path)
    if "spikes" in content:
        return _wave_clus(path, content, design, description)
    if "ec_spikes" in content:
        return _hc1(path, content, design, description)
    if SIGNAL in content:
        return _continuous(path, content, design, description)
    found = ", ".join(sorted(name for name in content if not name.startswith("__"))) or "nothing"
    raise ValueError(f"{path}: found {found}; expected 'spikes', 'ec_spikes' or 'data'; rename the variable")


def _wave_clus(path: Path, content: dict[str, Any], design: Design, description: Description) -> SpikeTable:
    spikes = numbers_in(path, content, "spikes", 2)
    width = 1 if design.block.kind == "queue" else design.block.spikes
    if width != 1:
        raise ValueError(
            f"{path}: 'spikes' holds snippets of 1 channel, design {design.name!r} codes neighbourhoods of {width} "
            f'channels; use a design with block.kind = "queue"'
        )
    _check_samples(path, "spikes", spikes.shape[1], design)
    count = len(spikes)
    return snippet_table(
        spikes[:, None, :],
        np.full(count, np.nan),
        np.zeros((count, 1), np.int32),
        design,
        description,
        provenance=_provenance(path, description),
        source=path.name,
        rate_hz=matlab_rate(path, content, description),
    )


def _hc1(path: Path, content: dict[str, Any], design: Design, description: Description) -> SpikeTable:
    spikes = numbers_in(path, content, "ec_spikes", 3)
    channels, samples, count = spikes.shape
    width = 1 if design.block.kind == "queue" else design.block.spikes
    if channels != width:
        raise ValueError(
            f"{path}: 'ec_spikes' has {channels} channels, design {design.name!r} codes {width} at a time; "
            f"use a recording with {width} channels or another design"
        )
    _check_samples(path, "ec_spikes", samples, design)
    times, rate = np.full(count, np.nan), matlab_rate(path, content, description)
    if "ec_st" in content:
        rate = rate or HC1_RATE_HZ
        times = numbers_in(path, content, "ec_st", 2).ravel() / rate
    if len(times) != count:
        raise ValueError(f"{path}: 'ec_st' has {len(times)} times for {count} spikes; they must be as many")
    return snippet_table(
        spikes.transpose(2, 0, 1),
        times,
        np.tile(np.arange(channels, dtype=np.int32), (count, 1)),
        design,
        description,
        provenance=_provenance(path, description),
        source=path.name,
        rate_hz=rate,
    )


def _continuous(path: Path, content: dict[str, Any], design: Design, description: Description) -> SpikeTable:
    rate = design.recording.sampling_rate_hz
    recording = as_described(matlab_recording(path, content, description), description, rate, path)
    channels, kind = recording.get_num_channels(), content[SIGNAL].dtype
    scale, _ = units_per_step(kind, channels, None, design, description, str(path))
    return detect_spikes(recording, design, _provenance(path, description), path.name, scale)


def _check_samples(path: Path, name: str, samples: int, design: Design) -> None:
    if samples != design.block.samples:
        raise ValueError(
            f"{path}: {name!r} has snippets of {samples} samples, design {design.name!r} codes {design.block.samples}; "
            f"cut the snippets again or set block.samples = {samples}"
        )


def _provenance(path: Path, description: Description) -> Provenance:
    simulated = any(part in path.stem for part in SIMULATED)
    return description.provenance or ("semi-synthetic" if simulated else "unknown")
