"""Recordings and sortings from files."""

from pathlib import Path
from typing import Any

from spikeinterface.core import BaseRecording, BaseSorting, load

from spikecae.errors import InputError

__all__ = ["open_recording", "open_sorting", "refuse_pickles"]


def open_recording(path: Path) -> BaseRecording:
    """A recording that SpikeInterface saved (a folder, ``.zarr`` or ``.json``), or one in an NWB file.

    Raises:
        FileNotFoundError: there is nothing.
        InputError: it is no recording that SpikeInterface opens.
    """
    return _opened(path, BaseRecording, "recording")


def open_sorting(path: Path) -> BaseSorting:
    """A sorting that SpikeInterface saved.

    Raises:
        FileNotFoundError: there is nothing.
        InputError: it is no sorting that SpikeInterface opens.
    """
    return _opened(path, BaseSorting, "sorting")


def refuse_pickles(path: Path) -> None:
    """Refuse what would run code when it is opened.

    Raises:
        InputError: it is a pickle, or an old folder of SpikeInterface with one in it.
    """
    old_folder = path.is_dir() and not (path / "si_folder.json").is_file()
    if path.suffix in (".pkl", ".pickle") or (old_folder and any(path.glob("cached.p*"))):
        raise InputError(f"{path}: a pickle can run code when opened; save the recording as a folder or Zarr instead")


def _opened(path: Path, kind: type, what: str) -> Any:
    if not path.exists():
        raise FileNotFoundError(f"no {what} {path}; check the path")
    refuse_pickles(path)
    try:
        found = _of_nwb(path) if path.suffix == ".nwb" and kind is BaseRecording else load(path)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # every format raises its own
        said = f"{type(error).__name__}: {str(error).strip()}".split("\n")[0][:200]
        raise InputError(
            f"{path}: SpikeInterface does not open it ({said}); open it with SpikeInterface as the format asks for, "
            f"and {what}.save(folder=...)"
        ) from None
    if not isinstance(found, kind):
        raise InputError(f"{path}: holds a {type(found).__name__}; expected a {what}")
    return found


def _of_nwb(path: Path) -> BaseRecording:
    from spikeinterface.extractors.extractor_classes import NwbRecordingExtractor

    return NwbRecordingExtractor(path)
