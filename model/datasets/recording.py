"""Recordings in the formats that SpikeInterface opens."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["open_recording"]

EXTRACTORS = {
    ".nwb": "read_nwb_recording",
    ".rhd": "read_intan",
    ".rhs": "read_intan",
    ".ns5": "read_blackrock",
    ".ns6": "read_blackrock",
    ".plx": "read_plexon",
    ".edf": "read_edf",
    ".mda": "read_mda_recording",
}
"""SpikeInterface's reader for a file's suffix."""


def open_recording(path: Path) -> "BaseRecording":
    """The recording at ``path``: a folder, Zarr store or JSON file saved by SpikeInterface, SpikeGLX or Open Ephys
    folders, or a file of a format in ``EXTRACTORS``.

    Raises:
        ValueError: SpikeInterface does not read it, or reads something that is no recording.
    """
    import spikeinterface.extractors as extractors  # takes seconds to import
    from spikeinterface.core import BaseRecording, load

    old_folder = path.is_dir() and not (path / "si_folder.json").is_file()
    if path.suffix in (".pkl", ".pickle") or (old_folder and any(path.glob("cached.p*"))):
        raise ValueError(f"{path}: a pickle can run code when opened; save the recording as a folder or Zarr instead")
    try:
        if path.is_dir() and any(path.glob("**/*.ap.bin")):
            found = extractors.read_spikeglx(path, stream_id=_ap_stream(path))
        elif path.is_dir() and any(path.glob("**/structure.oebin")):
            found = extractors.read_openephys(path)
        elif path.suffix in EXTRACTORS:
            found = getattr(extractors, EXTRACTORS[path.suffix])(path)
        else:
            found = load(path)
    except Exception as error:  # every format raises its own
        known = ", ".join(sorted({".mat", ".json", ".zarr", *EXTRACTORS}))
        raise ValueError(
            f"{path}: SpikeInterface does not open it ({type(error).__name__}: {error}); expected a saved recording "
            f"folder or one of {known}; convert it with spikeinterface (recording.save(folder=...))"
        ) from None
    if not isinstance(found, BaseRecording):
        raise ValueError(f"{path}: holds a {type(found).__name__}; expected a recording")
    return found


def _ap_stream(path: Path) -> str:
    name = next(path.glob("**/*.ap.bin")).name
    return ".".join(name.removesuffix(".bin").split(".")[-2:])
