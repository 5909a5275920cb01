"""Spikes and recordings in MATLAB files: Wave_Clus snippets and continuous data, HC1 snippets."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from model.datasets.detection import detect_spikes
from model.datasets.spikes import SpikeTable
from model.provenance import Provenance
from spikecae.design import Design

__all__ = ["read_matlab"]

HC1_RATE_HZ = 10000.0
"""``ec_st`` counts samples of the recording."""


def read_matlab(path: Path, design: Design) -> SpikeTable:
    """Spikes of a ``.mat`` file, by the variables in it.

    - ``spikes`` ``(n, D)``: Wave_Clus snippets of one channel;
    - ``ec_spikes`` ``(M, D, n)`` and ``ec_st`` (times in samples): HC1 snippets on M channels;
    - ``data`` ``(channels, samples)``: a continuous recording, ``samplingInterval`` in ms if it says so.

    The Wave_Clus simulator's files (recognized by their names, ``C_Easy1_noise01`` and the like) are semi-synthetic:
    real waveforms in simulated recordings. Any other file is taken for real.

    Raises:
        ValueError: not a readable MATLAB file, none of these variables, or shapes that the design does not code.
    """
    try:
        content = loadmat(path)
    except NotImplementedError:
        raise ValueError(f"{path}: MATLAB 7.3 file; save it again with save(..., '-v7')") from None
    except Exception as error:  # scipy raises whatever its parser meets in a corrupt file
        raise ValueError(
            f"{path}: not a readable MATLAB file ({type(error).__name__}: {error}); expected a .mat file with "
            f"'spikes', 'ec_spikes' or 'data'; copy or download the file again"
        ) from None
    if "spikes" in content:
        return _wave_clus(path, content, design)
    if "ec_spikes" in content:
        return _hc1(path, content, design)
    if "data" in content:
        return _continuous(path, content, design)
    found = ", ".join(sorted(name for name in content if not name.startswith("__"))) or "nothing"
    raise ValueError(f"{path}: found {found}; expected 'spikes', 'ec_spikes' or 'data'; rename the variable")


def _wave_clus(path: Path, content: dict[str, Any], design: Design) -> SpikeTable:
    spikes = _numbers(path, content, "spikes", 2)
    width = 1 if design.block.kind == "queue" else design.block.spikes
    if width != 1:
        raise ValueError(
            f"{path}: 'spikes' holds snippets of 1 channel, design {design.name!r} codes neighbourhoods of {width} "
            f'channels; use a design with block.kind = "queue"'
        )
    _check_samples(path, "spikes", spikes.shape[1], design)
    count = len(spikes)
    return SpikeTable(
        snippets=spikes[:, None, :].astype(np.float32),
        times_s=np.full(count, np.nan),
        channels=np.zeros((count, 1), np.int32),
        provenance=_provenance(path),
        source=path.name,
    )


def _hc1(path: Path, content: dict[str, Any], design: Design) -> SpikeTable:
    spikes = _numbers(path, content, "ec_spikes", 3)
    channels, samples, count = spikes.shape
    width = 1 if design.block.kind == "queue" else design.block.spikes
    if channels != width:
        raise ValueError(
            f"{path}: 'ec_spikes' has {channels} channels, design {design.name!r} codes {width} at a time; "
            f"use a recording with {width} channels or another design"
        )
    _check_samples(path, "ec_spikes", samples, design)
    times = np.full(count, np.nan)
    if "ec_st" in content:
        times = _numbers(path, content, "ec_st", 2).ravel() / HC1_RATE_HZ
    if len(times) != count:
        raise ValueError(f"{path}: 'ec_st' has {len(times)} times for {count} spikes; they must be as many")
    order = np.argsort(times, kind="stable")
    return SpikeTable(
        snippets=np.ascontiguousarray(spikes.transpose(2, 0, 1)[order], np.float32),
        times_s=times[order],
        channels=np.tile(np.arange(channels, dtype=np.int32), (count, 1)),
        provenance="real",
        source=path.name,
    )


def _continuous(path: Path, content: dict[str, Any], design: Design) -> SpikeTable:
    from spikeinterface.core import NumpyRecording  # takes seconds to import

    data = _numbers(path, content, "data", 2)
    rate = design.recording.sampling_rate_hz
    if "samplingInterval" in content:
        rate = 1000.0 / float(_numbers(path, content, "samplingInterval", 2).ravel()[0])
    recording = NumpyRecording([data.T.astype(np.float32)], sampling_frequency=rate)
    return detect_spikes(recording, design, _provenance(path), path.name)


def _numbers(path: Path, content: dict[str, Any], name: str, dimensions: int) -> np.ndarray:
    value = content[name]
    if value.ndim != dimensions or not value.size or value.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: {name!r} is {value.dtype} of shape {value.shape}; expected numbers in {dimensions} dimensions"
        )
    if not np.isfinite(value).all():
        raise ValueError(f"{path}: {name!r} holds NaN or infinity; remove those spikes or samples")
    return np.asarray(value, np.float64)


def _check_samples(path: Path, name: str, samples: int, design: Design) -> None:
    if samples != design.block.samples:
        raise ValueError(
            f"{path}: {name!r} has snippets of {samples} samples, design {design.name!r} codes {design.block.samples}; "
            f"cut the snippets again or set block.samples = {samples}"
        )


def _provenance(path: Path) -> Provenance:
    simulated = any(part in path.stem for part in ("C_Easy", "C_Difficult", "C_Drift", "C_Burst"))
    return "semi-synthetic" if simulated else "real"
