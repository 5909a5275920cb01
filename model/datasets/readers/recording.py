"""Recordings in the formats that SpikeInterface opens."""

from pathlib import Path
from typing import TYPE_CHECKING

from model.datasets.readers.registry import suffixes_read
from model.datasets.spikes import SpikeTable
from model.datasets.units import units_per_step
from spikecae.design import Design
from spikecae.opening.description import Description
from spikecae.opening.formats import open_recording
from spikecae.opening.gains import gain_of_file
from spikecae.opening.provenance import PROVENANCES, Provenance

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["detected", "open_for", "read_recording"]

GENERATED = ("GroundTruthRecording", "SyntheticRecording")
"""What SpikeInterface calls the recordings that it generates."""


def read_recording(path: Path, design: Design, description: Description) -> SpikeTable:
    """The spikes that the design's detector finds in the recording at ``path``.

    Raises:
        ValueError: as :func:`open_for`, or the recording does not fit the design.
    """
    return detected(open_for(path, design, description), path.name, design, description)


def detected(recording: "BaseRecording", name: str, design: Design, description: Description) -> SpikeTable:
    """The spikes that the design's detector finds in an open recording, called ``name``.

    Raises:
        ValueError: the recording does not fit the design in rate, unit or number of channels.
    """
    from model.datasets.detection import detect_spikes

    channels = recording.get_num_channels()
    scale, _ = units_per_step(recording.get_dtype(), channels, gain_of_file(recording), design, description, name)
    return detect_spikes(recording, design, description.provenance or _stated_provenance(recording), name, scale)


def open_for(path: Path, design: Design, description: Description) -> "BaseRecording":
    """The recording at ``path`` for a design.

    Raises:
        ValueError: as :func:`spikecae.opening.formats.open_recording`.
    """
    return open_recording(path, description, design.recording.sampling_rate_hz, suffixes_read())


def _stated_provenance(recording: "BaseRecording") -> Provenance:
    """What the recording says: an annotation ``provenance``, or the name that SpikeInterface's generators leave."""
    said = recording.get_annotation("provenance")
    if said in PROVENANCES:
        return PROVENANCES[PROVENANCES.index(said)]
    return "synthetic" if recording.get_annotation("name") in GENERATED else "unknown"
