"""Recordings in the formats that SpikeInterface opens."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model.datasets.readers.raw_binary import RAW_SUFFIXES, open_raw
from model.datasets.readers.registry import suffixes_read
from model.datasets.readers.streams import Stream, choose_stream, neo_streams
from model.datasets.spikes import SpikeTable
from model.datasets.units import units_per_step
from model.description import Description
from model.provenance import PROVENANCES, Provenance
from spikecae.design import Design
from spikecae.recordings.source import MICROVOLTS, RATE_TOLERANCE

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["FORMATS", "detected", "open_recording", "read_recording", "with_contacts"]

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

GENERATED = ("GroundTruthRecording", "SyntheticRecording")
"""What SpikeInterface calls the recordings that it generates."""


def read_recording(path: Path, design: Design, description: Description) -> SpikeTable:
    """The spikes that the design's detector finds in the recording at ``path``.

    Raises:
        ValueError: as :func:`open_recording`, or the recording does not fit the design.
    """
    return detected(open_recording(path, design, description), path.name, design, description)


def detected(recording: "BaseRecording", name: str, design: Design, description: Description) -> SpikeTable:
    """The spikes that the design's detector finds in an open recording, called ``name``.

    Raises:
        ValueError: the recording does not fit the design in rate, unit or number of channels.
    """
    from model.datasets.detection import detect_spikes

    channels = recording.get_num_channels()
    scale, _ = units_per_step(recording.get_dtype(), channels, _gain_uv(recording), design, description, name)
    return detect_spikes(recording, design, description.provenance or _stated_provenance(recording), name, scale)


def open_recording(path: Path, design: Design, description: Description) -> "BaseRecording":
    """The recording at ``path``: the stream that fits the design, or that the description names.

    Raises:
        ValueError: it cannot be read, has several streams to choose from, or contradicts its description.
    """
    from spikecae.recordings.opening import refuse_pickles  # takes seconds to import

    refuse_pickles(path)
    if path.is_dir() and not any(path.iterdir()):
        raise ValueError(f"{path}: the folder is empty; give the folder or file that holds the recording")
    streams = _streams(path, description)
    stream = choose_stream(streams, description.stream, design.recording.sampling_rate_hz, str(path))
    recording = _opened(path, stream.open)
    rate = recording.get_sampling_frequency()
    if description.sampling_rate_hz and abs(rate / description.sampling_rate_hz - 1) > RATE_TOLERANCE:
        raise ValueError(
            f"{path}: sampled at {rate:g} Hz, its description says {description.sampling_rate_hz:g} Hz; take "
            f"sampling_rate_hz out of the description, or correct it"
        )
    return with_contacts(recording, description, path)


def _gain_uv(recording: "BaseRecording") -> NDArray[np.float64] | None:
    """µV per step of each channel; None where the recording does not say, or is of no voltage."""
    units = recording.get_property("physical_unit")
    if not recording.has_scaleable_traces() or (units is not None and not np.isin(units, [*MICROVOLTS]).all()):
        return None
    gains = np.asarray(recording.get_channel_gains(), np.float64)
    return gains if (np.isfinite(gains) & (gains != 0)).all() else None


def _stated_provenance(recording: "BaseRecording") -> Provenance:
    """What the recording says: an annotation ``provenance``, or the name that SpikeInterface's generators leave."""
    said = recording.get_annotation("provenance")
    if said in PROVENANCES:
        return PROVENANCES[PROVENANCES.index(said)]
    return "synthetic" if recording.get_annotation("name") in GENERATED else "unknown"


def _streams(path: Path, description: Description) -> list[Stream]:
    import spikeinterface.extractors.extractor_classes as extractors  # takes seconds to import
    from spikeinterface.core import load

    def neo(extractor: Any, **where: Path) -> list[Stream]:
        found: list[Stream] = _opened(path, lambda: neo_streams(extractor, **where))
        return found

    def only(recording: "BaseRecording") -> list[Stream]:
        return [Stream(path.name, recording.get_sampling_frequency(), lambda: recording)]

    if path.is_dir() and any(meta.with_suffix(".bin").is_file() for meta in path.rglob("*.meta")):
        return neo(extractors.SpikeGLXRecordingExtractor, folder_path=path)
    if path.is_dir() and any(path.rglob("structure.oebin")):
        return neo(extractors.OpenEphysBinaryRecordingExtractor, folder_path=path)
    if path.is_dir() or path.suffix in (".json", ".zarr"):
        return only(_opened(path, lambda: load(path)))
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
            return _nwb_streams(path)
        case ".mda":
            return only(_opened(path, lambda: extractors.MdaRecordingExtractor(path.parent, raw_fname=path.name)))
    return only(_opened(path, lambda: load(path)))


def _spikeglx_stream(meta: Path) -> str:
    """The stream of a file, by the name it was recorded under: files are renamed, what is in them is not."""
    lines = meta.read_text(encoding="utf-8", errors="replace").splitlines()
    name = next((line.partition("=")[2] for line in lines if line.startswith("fileName=")), meta.name)
    return ".".join(name.replace("\\", "/").rsplit("/", 1)[-1].split(".")[-3:-1])


def _nwb_streams(path: Path) -> list[Stream]:
    from spikeinterface.extractors.extractor_classes import NwbRecordingExtractor

    def opening(series: str) -> Callable[[], "BaseRecording"]:
        return lambda: NwbRecordingExtractor(path, electrical_series_path=series)

    found = _opened(path, lambda: NwbRecordingExtractor.fetch_available_electrical_series_paths(path))
    return [Stream(name, _opened(path, opening(name)).get_sampling_frequency(), opening(name)) for name in found]


def _opened(path: Path, opening: Callable[[], Any]) -> Any:
    """What ``opening`` gives, or a sentence in place of whatever it raises."""
    from spikeinterface.core import BaseRecording

    try:
        found = opening()
    except Exception as error:  # every format raises its own
        known = ", ".join(sorted({*suffixes_read(), ".json", ".zarr", *FORMATS, *RAW_SUFFIXES}))
        said = f"{type(error).__name__}: {str(error).strip()}".split("\n")[0][:300]
        if isinstance(error, NameError | AttributeError):  # a fault of the library's own, where it knows no way on
            said = "it knows no recording in it"
        raise ValueError(
            f"{path}: SpikeInterface does not open it ({said}); expected a saved recording "
            f"folder or one of {known}; convert it with spikeinterface (recording.save(folder=...))"
        ) from None
    if not isinstance(found, BaseRecording | list):
        raise ValueError(f"{path}: holds a {type(found).__name__}; expected a recording")
    return found


def with_contacts(recording: "BaseRecording", description: Description, path: Path) -> "BaseRecording":
    """The recording with the contacts that its description names, if it names any.

    Raises:
        ValueError: they are of another number of channels, or the probe file is none.
    """
    channels = recording.get_num_channels()
    if description.probe is not None:
        from probeinterface import read_probeinterface

        try:
            changed = recording.set_probegroup(read_probeinterface(description.probe))
        except Exception as error:  # whatever its parser meets
            raise ValueError(
                f"{description.probe}: no probe for the {channels} channels of {path} ({error}); write it with "
                f"probeinterface (write_probeinterface), device channel indices set"
            ) from None
        return recording if changed is None else changed
    if description.contacts_um is None:
        return recording
    if len(description.contacts_um) != channels:
        raise ValueError(
            f"{path}: {channels} channels, but its description has {len(description.contacts_um)} contacts_um; give "
            f"one a channel"
        )
    places = [tuple(place) for place in description.contacts_um]
    if shared := sorted({place for place in places if places.count(place) > 1}):
        where, alike = shared[0], [str(channel) for channel, place in enumerate(places) if place == shared[0]]
        raise ValueError(
            f"{path}: contacts_um in its description has channels {', '.join(alike)} at one place, "
            f"({where[0]:g}, {where[1]:g}); give each contact its own"
        )
    recording.set_dummy_probe_from_locations(np.asarray(description.contacts_um, np.float64))
    return recording
