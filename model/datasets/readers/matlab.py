"""Spikes and recordings in MATLAB files: Wave_Clus snippets and continuous data, HC1 snippets."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from model.datasets.detection import detect_spikes
from model.datasets.readers.recording import with_contacts
from model.datasets.readers.registry import reads
from model.datasets.readers.snippets import snippet_table
from model.datasets.spikes import SpikeTable
from model.datasets.units import units_per_step
from model.description import OF_RAW_BINARY, SUFFIX, Description, refuse_keys
from model.provenance import Provenance
from spikecae.design import Design
from spikecae.recordings.source import RATE_TOLERANCE

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
    try:
        content = loadmat(path, mat_dtype=True)
    except NotImplementedError:
        raise ValueError(f"{path}: MATLAB 7.3 file; save it again with save(..., '-v7')") from None
    except Exception as error:  # scipy raises whatever its parser meets in a corrupt file
        raise ValueError(
            f"{path}: not a readable MATLAB file ({type(error).__name__}: {error}); expected a .mat file with "
            f"'spikes', 'ec_spikes' or 'data'; copy or download the file again"
        ) from None
    if "spikes" in content:
        return _wave_clus(path, content, design, description)
    if "ec_spikes" in content:
        return _hc1(path, content, design, description)
    if "data" in content:
        return _continuous(path, content, design, description)
    found = ", ".join(sorted(name for name in content if not name.startswith("__"))) or "nothing"
    raise ValueError(f"{path}: found {found}; expected 'spikes', 'ec_spikes' or 'data'; rename the variable")


def _wave_clus(path: Path, content: dict[str, Any], design: Design, description: Description) -> SpikeTable:
    spikes = _numbers(path, content, "spikes", 2)
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
        rate_hz=_rate(path, content, description),
    )


def _hc1(path: Path, content: dict[str, Any], design: Design, description: Description) -> SpikeTable:
    spikes = _numbers(path, content, "ec_spikes", 3)
    channels, samples, count = spikes.shape
    width = 1 if design.block.kind == "queue" else design.block.spikes
    if channels != width:
        raise ValueError(
            f"{path}: 'ec_spikes' has {channels} channels, design {design.name!r} codes {width} at a time; "
            f"use a recording with {width} channels or another design"
        )
    _check_samples(path, "ec_spikes", samples, design)
    times, rate = np.full(count, np.nan), _rate(path, content, description)
    if "ec_st" in content:
        rate = rate or HC1_RATE_HZ
        times = _numbers(path, content, "ec_st", 2).ravel() / rate
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
    from spikeinterface.core import NumpyRecording  # takes seconds to import

    refuse_keys(description, (*OF_RAW_BINARY, "stream"), path.name, "a recording in a .mat file")
    data = _numbers(path, content, "data", 2)
    if data.shape[0] > data.shape[1]:  # a recording has more samples than channels
        data = data.T
    rate = _rate(path, content, description)
    if rate is None:
        raise ValueError(
            f"{path}: it holds a recording, but no samplingInterval (ms); write sampling_rate_hz = "
            f"{design.recording.sampling_rate_hz:g}, or what it is, into {path.name}{SUFFIX} beside it, or into a file "
            f"given as RAW"
        )
    scale, _ = units_per_step(data.dtype, len(data), None, design, description, str(path))
    recording = NumpyRecording([data.T.astype(np.float32)], sampling_frequency=rate)
    placed = with_contacts(recording, description, path)
    return detect_spikes(placed, design, _provenance(path, description), path.name, scale)


def _numbers(path: Path, content: dict[str, Any], name: str, dimensions: int) -> NDArray[np.number]:
    value: NDArray[np.number] = content[name]
    if value.ndim != dimensions or not value.size or value.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: {name!r} is {value.dtype} of shape {value.shape}; expected numbers in {dimensions} dimensions"
        )
    return value


def _rate(path: Path, content: dict[str, Any], description: Description) -> float | None:
    """Hz, as the file says, else as its description does; None where neither does.

    Raises:
        ValueError: it is no positive number, or they contradict each other.
    """
    said: float | None = None
    if "samplingInterval" in content:
        interval = _scalar(path, content["samplingInterval"], "samplingInterval")
        said = 1000.0 / interval
    elif "sr" in content:
        said = _scalar(path, content["sr"], "sr")
    elif "par" in content and "sr" in (getattr(content["par"].dtype, "names", None) or ()):
        said = _scalar(path, content["par"]["sr"], "par.sr")
    given = description.sampling_rate_hz
    if said is not None and given is not None and abs(said / given - 1) > RATE_TOLERANCE:
        raise ValueError(
            f"{path}: the file says {said:g} Hz, its description {given:g} Hz; take sampling_rate_hz out of the "
            f"description, or correct it"
        )
    return given if said is None else said


def _scalar(path: Path, value: Any, name: str) -> float:
    while isinstance(value, np.ndarray) and value.dtype == object and value.size == 1:
        value = value.flat[0]
    array = np.asarray(value)
    if array.size == 1 and array.dtype.kind in "fiu" and 0 < (number := float(array.flat[0])) < np.inf:
        return number
    shown = array.flat[0] if array.size == 1 else f"an array of shape {array.shape}"
    raise ValueError(
        f"{path}: {name} is {shown}, which is no sampling rate; correct it, or take it out and write sampling_rate_hz "
        f"into {path.name}{SUFFIX}"
    )


def _check_samples(path: Path, name: str, samples: int, design: Design) -> None:
    if samples != design.block.samples:
        raise ValueError(
            f"{path}: {name!r} has snippets of {samples} samples, design {design.name!r} codes {design.block.samples}; "
            f"cut the snippets again or set block.samples = {samples}"
        )


def _provenance(path: Path, description: Description) -> Provenance:
    simulated = any(part in path.stem for part in SIMULATED)
    return description.provenance or ("semi-synthetic" if simulated else "unknown")
