"""MATLAB files, up to version 7: what is in them, and continuous recordings."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikecae.errors import InputError
from spikecae.opening.description import OF_RAW_BINARY, SUFFIX, Description, refuse_keys
from spikecae.recordings.source import RATE_TOLERANCE

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["MATLAB_SUFFIX", "SIGNAL", "load_matlab", "matlab_rate", "matlab_recording", "numbers_in", "open_matlab"]

MATLAB_SUFFIX = ".mat"
SIGNAL = "data"
"""The variable that holds a recording."""


def load_matlab(path: Path) -> dict[str, Any]:
    """The variables in a file.

    Raises:
        InputError: it is not a readable MATLAB file.
    """
    from scipy.io import loadmat

    try:
        content: dict[str, Any] = loadmat(path, mat_dtype=True)
    except NotImplementedError:
        raise InputError(f"{path}: MATLAB 7.3 file; save it again with save(..., '-v7')") from None
    except Exception as error:  # scipy raises whatever its parser meets in a corrupt file
        raise InputError(
            f"{path}: not a readable MATLAB file ({type(error).__name__}: {error}); expected a .mat file with "
            f"'spikes', 'ec_spikes' or 'data'; copy or download the file again"
        ) from None
    return content


def open_matlab(path: Path, description: Description) -> "BaseRecording":
    """The recording in a file: ``data`` ``(channels, samples)``, or a column, and ``samplingInterval`` in ms.

    Raises:
        InputError: there is none, or its rate is not known.
    """
    content = load_matlab(path)
    if SIGNAL not in content:
        found = ", ".join(sorted(name for name in content if not name.startswith("__"))) or "nothing"
        raise InputError(
            f"{path}: found {found}, and a continuous recording is 'data'; rename the variable, or, of spikes that are "
            f"cut, save them as .npz and encode them with: spikecae encode"
        )
    return matlab_recording(path, content, description)


def matlab_recording(path: Path, content: dict[str, Any], description: Description) -> "BaseRecording":
    """The recording in a file's ``content``.

    Raises:
        InputError: it is none, its rate is not known, or the description says what does not apply.
    """
    from spikeinterface.core import NumpyRecording  # takes seconds to import

    refuse_keys(description, (*OF_RAW_BINARY, "stream", "reader"), path.name, "a recording in a .mat file")
    data = numbers_in(path, content, SIGNAL, 2)
    if data.shape[0] > data.shape[1]:  # a recording has more samples than channels
        data = data.T
    rate = matlab_rate(path, content, description)
    if rate is None:
        raise InputError(
            f"{path}: it holds a recording, but no samplingInterval (ms); write sampling_rate_hz into "
            f"{path.name}{SUFFIX} beside it, or into a file given as RAW, or give it as an option"
        )
    return NumpyRecording([data.T.astype(np.float32)], sampling_frequency=rate)


def numbers_in(path: Path, content: dict[str, Any], name: str, dimensions: int) -> NDArray[np.number]:
    """A variable.

    Raises:
        InputError: it is no array of numbers with so many dimensions.
    """
    value: NDArray[np.number] = content[name]
    if value.ndim != dimensions or not value.size or value.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: {name!r} is {value.dtype} of shape {value.shape}; expected numbers in {dimensions} dimensions"
        )
    return value


def matlab_rate(path: Path, content: dict[str, Any], description: Description) -> float | None:
    """Hz, as the file says, else as its description does; None where neither does.

    Raises:
        InputError: it is no positive number, or they contradict each other.
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
        raise InputError(
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
    raise InputError(
        f"{path}: {name} is {shown}, which is no sampling rate; correct it, or take it out and write sampling_rate_hz "
        f"into {path.name}{SUFFIX}"
    )
