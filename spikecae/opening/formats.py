"""Recordings in the formats that SpikeInterface opens, and continuous ones in MATLAB files."""

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikecae.errors import InputError
from spikecae.opening.contacts import with_contacts
from spikecae.opening.description import Description
from spikecae.opening.matlab import MATLAB_SUFFIX, open_matlab
from spikecae.opening.raw_binary import RAW_SUFFIXES, open_raw
from spikecae.opening.saved import refuse_pickles, wrapped
from spikecae.opening.streams import Stream, choose_stream, neo_streams
from spikecae.recordings.source import RATE_TOLERANCE

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["FORMATS", "as_described", "open_recording"]

FORMATS = {
    ".nwb": "NWB",
    ".rhd": "Intan RHD",
    ".ns5": "Blackrock",
    ".ns6": "Blackrock",
    ".edf": "EDF",
    ".mda": "MountainSort MDA, with params.json and geom.csv beside it",
}
"""What a file's suffix stands for; besides, folders, ``.json`` and ``.zarr`` that SpikeInterface saved, folders of
SpikeGLX and Open Ephys, and raw binary files with a description."""
SAVED_SUFFIXES = (".json", ".zarr")


def open_recording(
    path: Path, description: Description, rate_hz: float, suffixes: Iterable[str] = ()
) -> "BaseRecording":
    """The recording at ``path``: the stream that fits, or that the description names, with the contacts that it names.

    Args:
        path: a file or folder.
        description: what it does not say about itself. Its gains are for :func:`spikecae.opening.gains.with_gains`.
        rate_hz: what is wanted: chooses among streams, and is what the description may have it resampled to.
        suffixes: of further files that the caller can read, for messages.

    Raises:
        FileNotFoundError: there is nothing.
        InputError: it cannot be read, has several streams to choose from, or contradicts its description.
    """
    from spikeinterface.core import BaseRecording  # takes seconds to import

    if not path.exists():
        raise FileNotFoundError(f"no recording {path}; check the path")
    refuse_pickles(path)
    if path.is_dir() and not any(path.iterdir()):
        raise InputError(f"{path}: the folder is empty; give the folder or file that holds the recording")
    known = {*suffixes, *SAVED_SUFFIXES, *FORMATS, *RAW_SUFFIXES, MATLAB_SUFFIX}

    def attempt(opening: Callable[[], Any]) -> Any:
        found = wrapped(path, opening, known)
        if not isinstance(found, BaseRecording | list):
            raise InputError(f"{path}: holds a {type(found).__name__}; expected a recording")
        return found

    stream = choose_stream(_streams(path, description, attempt), description.stream, rate_hz, str(path))
    recording = attempt(stream.open)
    rate = float(recording.get_sampling_frequency())
    if description.sampling_rate_hz and abs(rate / description.sampling_rate_hz - 1) > RATE_TOLERANCE:
        raise InputError(
            f"{path}: sampled at {rate:g} Hz, its description says {description.sampling_rate_hz:g} Hz; take "
            f"sampling_rate_hz out of the description, or correct it"
        )
    return as_described(recording, description, rate_hz, path)


def as_described(recording: "BaseRecording", description: Description, rate_hz: float, path: Path) -> "BaseRecording":
    """The recording, resampled and with contacts as its description asks for.

    Raises:
        InputError: the contacts are none of its channels'.
    """
    from spikeinterface.preprocessing import resample  # takes seconds to import

    if description.resample and abs(recording.get_sampling_frequency() / rate_hz - 1) > RATE_TOLERANCE:
        recording = resample(recording, rate_hz)
    return with_contacts(recording, description, path)


def _streams(path: Path, description: Description, attempt: Callable[[Callable[[], Any]], Any]) -> list[Stream]:
    import spikeinterface.extractors.extractor_classes as extractors
    from spikeinterface.core import load

    def neo(extractor: Any, **where: Path) -> list[Stream]:
        found: list[Stream] = attempt(lambda: neo_streams(extractor, **where))
        return found

    def only(recording: "BaseRecording") -> list[Stream]:
        return [Stream(path.name, recording.get_sampling_frequency(), lambda: recording)]

    if description.reader is not None:
        reader, where = _reader_of(description.reader, path)
        return neo(reader, **where) if hasattr(reader, "NeoRawIOClass") else only(attempt(lambda: reader(**where)))
    if path.is_dir() and any(meta.with_suffix(".bin").is_file() for meta in path.rglob("*.meta")):
        return neo(extractors.SpikeGLXRecordingExtractor, folder_path=path)
    if path.is_dir() and any(path.rglob("structure.oebin")):
        return neo(extractors.OpenEphysBinaryRecordingExtractor, folder_path=path)
    if path.is_dir() or path.suffix in SAVED_SUFFIXES:
        return only(attempt(lambda: load(path)))
    if path.suffix == ".bin" and path.with_suffix(".meta").is_file():
        found = neo(extractors.SpikeGLXRecordingExtractor, folder_path=path.parent)
        return [stream for stream in found if stream.name == _spikeglx_stream(path.with_suffix(".meta"))]
    if path.suffix in RAW_SUFFIXES or description.dtype is not None:
        return only(open_raw(path, description))
    match path.suffix:
        case ".rhd":
            return neo(extractors.IntanRecordingExtractor, file_path=path)
        case ".ns5" | ".ns6":
            return neo(extractors.BlackrockRecordingExtractor, file_path=path)
        case ".edf":
            return neo(extractors.EDFRecordingExtractor, file_path=path)
        case ".nwb":
            return _nwb_streams(path, attempt)
        case ".mda":
            return only(attempt(lambda: extractors.MdaRecordingExtractor(path.parent, raw_fname=path.name)))
        case _ if path.suffix == MATLAB_SUFFIX:
            return only(open_matlab(path, description))
    return only(attempt(lambda: load(path)))


def _reader_of(name: str, path: Path) -> tuple[Any, dict[str, Path]]:
    """A reader of SpikeInterface's that takes one file or folder, and that, by the name of its argument."""
    from spikeinterface.extractors.extractor_classes import recording_extractor_full_dict

    arguments = ("file_path", "folder_path")
    known = {
        name: (reader, argument)
        for name, reader in recording_extractor_full_dict.items()
        for argument in list(inspect.signature(reader).parameters)[:1]
        if argument in arguments
    }
    if name not in known:
        raise InputError(f"reader {name!r} is none of SpikeInterface's; name one of {', '.join(sorted(known))}")
    reader, argument = known[name]
    if path.is_dir() != (argument == "folder_path"):
        wanted, found = ("a folder", "a file") if argument == "folder_path" else ("a file", "a folder")
        raise InputError(f"{path} is {found}, and SpikeInterface's reader {name!r} takes {wanted}; name this")
    return reader, {argument: path}


def _spikeglx_stream(meta: Path) -> str:
    """The stream of a file, by the name it was recorded under: files are renamed, what is in them is not."""
    lines = meta.read_text(encoding="utf-8", errors="replace").splitlines()
    name = next((line.partition("=")[2] for line in lines if line.startswith("fileName=")), meta.name)
    return ".".join(name.replace("\\", "/").rsplit("/", 1)[-1].split(".")[-3:-1])


def _nwb_streams(path: Path, attempt: Callable[[Callable[[], Any]], Any]) -> list[Stream]:
    from spikeinterface.extractors.extractor_classes import NwbRecordingExtractor

    def opening(series: str) -> Callable[[], "BaseRecording"]:
        return lambda: NwbRecordingExtractor(path, electrical_series_path=series)

    found = attempt(lambda: NwbRecordingExtractor.fetch_available_electrical_series_paths(path))
    return [Stream(name, attempt(opening(name)).get_sampling_frequency(), opening(name)) for name in found]
