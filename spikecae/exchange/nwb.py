"""Decoded spikes as an NWB file: for each channel with peaks a ``SpikeEventSeries``, in volts."""

import json
import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikecae import __version__
from spikecae.codec import DECODED_AT_A_TIME
from spikecae.errors import InputError
from spikecae.files import check_output, replaced
from spikecae.recordings.spikes import DecodedSpikes

if TYPE_CHECKING:
    from pynwb import NWBFile

__all__ = ["SESSION", "add_to_nwb", "export_to_nwb"]

SESSION = "spikes that were compressed by a spikecae encoder, and decoded"
MODULE = "ecephys"
"""The processing module, by its usual name."""
UNKNOWN = "unknown"
MICROVOLT = 1e-6


def export_to_nwb(
    spikes: DecodedSpikes,
    path: str | os.PathLike[str],
    *,
    session_start_time: datetime,
    session_description: str = SESSION,
    identifier: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an NWB file of the spikes alone. For one with a subject, or more: :func:`add_to_nwb`.

    Snippets are decoded as they are written, so that memory does not grow with their number.

    Args:
        spikes: of ``spikecae.read_scae``.
        path: the file, which ends in ``.nwb``.
        session_start_time: what the times count from; with a time zone, or it is taken as local.
        session_description: a sentence on the session.
        identifier: unique to the session; one is made where it is left out.
        overwrite: whether a file may be replaced.

    Raises:
        InputError: the name ends in something else, or the spikes are not in µV.
        OutputError: there is such a file, or none can be made.
    """
    import h5py
    from pynwb import NWBHDF5IO, NWBFile, get_manager

    target = Path(path)
    if target.suffix != ".nwb":
        raise InputError(f"{target} does not end in .nwb, by which programs know NWB files; name one that does")
    check_output(target, (), kind="empty", is_kind=lambda path: not path.stat().st_size, overwrite=overwrite)
    start = session_start_time if session_start_time.tzinfo else session_start_time.astimezone()
    nwbfile = NWBFile(session_description, identifier or str(uuid.uuid4()), start)
    add_to_nwb(spikes, nwbfile)
    with (
        replaced(target) as temporary,
        h5py.File(temporary, "w") as opened,
        NWBHDF5IO(file=opened, mode="w", manager=get_manager()) as file,
    ):
        file.write(nwbfile)
    return target


def add_to_nwb(spikes: DecodedSpikes, nwbfile: "NWBFile") -> None:
    """Add the spikes to an NWB file that is open or yet to be written, in its processing module ``ecephys``.

    Each series has the events of one channel, named ``spikes_<channel, counted from 0>``, and of one segment, if there
    are several: ``_segment<n>``. Its ``comments`` are JSON: how spikes were found, coded and decoded. Channels are the
    electrodes that have their ids as ``channel_name``; where the file has no electrodes, all are added.

    Raises:
        InputError: the spikes are not in µV, or the file has electrodes, and a channel is none of them.
    """
    from pynwb.ecephys import SpikeEventSeries

    if spikes.header.unit != "uV":
        raise InputError(
            f"the spikes are in units of {spikes.header.unit!r}, as the recording had no gains, and NWB wants volts; "
            f"compress it with gains (recording.set_channel_gains)"
        )
    rows = _electrodes(spikes, nwbfile)
    if MODULE not in nwbfile.processing:
        nwbfile.create_processing_module(MODULE, "extracellular electrophysiology")
    module, several = nwbfile.processing[MODULE], len(spikes.recorded.segment_samples) > 1
    order = np.lexsort((np.arange(len(spikes)), spikes.segment, spikes.channel))
    places = np.stack([spikes.channel[order], spikes.segment[order]], axis=1)
    (starts,) = np.nonzero((np.diff(places, axis=0, prepend=-1) != 0).any(axis=1))
    for events in np.split(order, starts[1:]) if len(order) else []:
        channel, segment = int(spikes.channel[events[0]]), int(spikes.segment[events[0]])
        own = [rows[each] for each in spikes.channels[events[0]]]
        name = spikes.channel_ids[channel]
        module.add(
            SpikeEventSeries(
                name=f"spikes_{channel}{f'_segment{segment}' if several else ''}",
                data=_written(spikes, events),
                timestamps=spikes.times_s[events],
                electrodes=nwbfile.create_electrode_table_region(own, f"channels around {name}"),
                conversion=MICROVOLT,
                description=f"spikes with their peak on channel {name}, decoded: a lossy copy of what was recorded",
                comments=json.dumps(_provenance(spikes, channel, segment)),
            )
        )


def _electrodes(spikes: DecodedSpikes, nwbfile: "NWBFile") -> list[int]:
    """The row of each channel in the file's table."""
    recorded, names = spikes.recorded, [str(name) for name in spikes.channel_ids]
    if nwbfile.electrodes is not None and len(nwbfile.electrodes):
        there = list(nwbfile.electrodes["channel_name"].data) if "channel_name" in nwbfile.electrodes.colnames else []
        if lacking := [name for name in names if name not in there]:
            raise InputError(
                f"channel {lacking[0]} is none of the file's electrodes, which have channel_name {there[:8]}…; name "
                f"them as the recording does, or add to a file without electrodes"
            )
        return [there.index(name) for name in names]
    device = nwbfile.create_device("probe", description=UNKNOWN)
    labels = [UNKNOWN] * len(names) if recorded.groups is None else [str(group) for group in recorded.groups]
    groups = {
        label: nwbfile.create_electrode_group(f"group_{label}".replace("/", "_"), "channels", UNKNOWN, device)
        for label in dict.fromkeys(labels)
    }
    nwbfile.add_electrode_column("channel_name", "what the recording calls the channel")
    nwbfile.add_electrode_column("noise_uv", "deviation of the noise in the band, in µV")
    low, high = recorded.band_hz
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        x, y = (np.nan, np.nan) if recorded.contacts_um is None else recorded.contacts_um[row]
        nwbfile.add_electrode(
            group=groups[label],
            location=UNKNOWN,
            rel_x=x,
            rel_y=y,
            filtering=f"{low:g} to {high:g} Hz, without delay",
            channel_name=name,
            noise_uv=recorded.noise[row],
        )
    return list(range(len(names)))


def _written(spikes: DecodedSpikes, events: NDArray[np.intp]) -> object:
    """Snippets ``[n, P, D]`` of events, decoded when they are written."""
    from hdmf.data_utils import DataChunkIterator

    def each() -> Iterator[NDArray[np.float32]]:
        for first in range(0, len(events), DECODED_AT_A_TIME):
            yield from spikes.waveforms(events[first : first + DECODED_AT_A_TIME])

    shape = len(events), spikes.channels.shape[1], spikes.header.samples
    return DataChunkIterator(
        data=each(), maxshape=shape, dtype=np.dtype(np.float32), buffer_size=min(len(events), DECODED_AT_A_TIME)
    )


def _provenance(spikes: DecodedSpikes, channel: int, segment: int) -> dict[str, object]:
    recorded, header = spikes.recorded, spikes.header
    return {
        "channel_id": spikes.channel_ids[channel],
        "segment": segment,
        "sampling_rate_hz": recorded.sampling_rate_hz,
        "peak_sample": recorded.peak,
        "codec": header.design,
        "spec_hash": header.spec_hash,
        "uv_per_step": header.adc.lsb,
        "band_hz": recorded.band_hz,
        "threshold_deviations": recorded.threshold,
        "polarity": recorded.polarity,
        "source": recorded.source,
        "encoded_by": recorded.made_by,
        "decoded_by": f"spikecae {__version__}",
    }
