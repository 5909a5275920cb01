"""Un-encoded snippets as a chip in raw mode sends them: a ``.scae`` file, or the bytes of its link as they came."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.readers.registry import reads
from model.datasets.readers.snippets import snippet_table
from model.datasets.spikes import SpikeTable
from spikecae.bitstream.events import Events
from spikecae.bitstream.packets import SEQUENCES, Gap, Packet, PacketReader
from spikecae.bitstream.payload import PayloadError, read_snippets
from spikecae.codec.account import many
from spikecae.codec.container import ContainerReader, FileHeader
from spikecae.codec.repeats import Repeats
from spikecae.codec.times import TimeReceiver
from spikecae.design import Design
from spikecae.errors import about
from spikecae.front_end.adc import codes_to_units
from spikecae.opening.description import Description, refuse_keys
from spikecae.recordings.source import MICROVOLTS

__all__ = ["read_raw_packets"]

CONTAINER = ".scae"
READ_AT_A_TIME = 1 << 16
"""Bytes of a link."""
OF_NUMBERS = ("gain", "offset", "unit")
"""Keys of a description that say what numbers stand for."""
UNKNOWN_UNIT = "ADC step"
"""Of a file whose writer was not told what a step is."""
STEP_TOLERANCE = 0.01


@reads(CONTAINER, ".packets")
def read_raw_packets(path: Path, design: Design, description: Description) -> SpikeTable:
    """The spikes in raw packets: of a ``.scae`` file, or of a ``.packets`` file, bytes that came over the link.

    Samples are codes of the design's converter. The snippets of a neighbourhood follow each other, and have one time;
    where packets have no times, each packet holds whole neighbourhoods. Notes count what is skipped.

    Raises:
        ValueError: no raw packet, snippets of another length, codes of another converter, or neighbourhoods that cannot
            be told from each other.
    """
    refuse_keys(description, OF_NUMBERS, path.name, "packets, which hold codes of the design's converter")
    link = _Link(path, design)
    with open(path, "rb") as file, about(path):
        if path.suffix == CONTAINER:
            container = ContainerReader(file)
            _check(container.header, path, design)
            link.take(container.pieces(), container.header.epoch or 0)
            if container.end is None and container.header.schema_version > 1:
                link.notes.append("its end is missing: it was cut short, or is not complete yet")
        else:
            link.take(iter(lambda: file.read(READ_AT_A_TIME), b""), 0)
    if not link.packets:
        raise ValueError(f"{path}: {link.without}")
    snippets, times, channels = link.spikes()
    if design.block.kind == "neighbourhood":  # it goes by the channel of its peak, which does not say the others
        places = np.tile(np.arange(design.block.spikes), (len(snippets), 1))
    else:
        places = channels[:, None]
    return snippet_table(
        codes_to_units(snippets, design.adc),
        times / (description.sampling_rate_hz or design.recording.sampling_rate_hz),
        places.astype(np.int32),
        design,
        description,
        provenance=description.provenance or "unknown",
        source=path.name,
        rate_hz=description.sampling_rate_hz,
        notes=[f"{path.name}: {note}" for note in link.notes],
    )


def _check(header: FileHeader, path: Path, design: Design) -> None:
    """Refuse a file of another shape, or of another converter as far as it says."""
    block, adc, unit = design.block, design.adc, design.recording.unit
    if header.samples != block.samples:
        raise ValueError(_of_other_length(path, header.samples, design))
    if block.kind == "neighbourhood" and header.spikes != block.spikes:
        raise ValueError(
            f"{path}: of design {header.design!r}, with {header.spikes} spikes a block; design {design.name!r} takes "
            f"neighbourhoods of {block.spikes}; name the chip's own design"
        )
    scale = 1.0
    if {header.unit, unit} <= MICROVOLTS.keys():
        scale = MICROVOLTS[header.unit] / MICROVOLTS[unit]
    known = header.unit != UNKNOWN_UNIT
    step = header.adc.lsb * scale if known else adc.lsb
    other = known and scale == 1.0 and header.unit != unit
    if other or (header.adc.bits, header.adc.signed) != (adc.bits, adc.signed) or not _close(step, adc.lsb):
        raise ValueError(
            f"{path}: codes of {_said(header.adc.bits, header.adc.signed, header.adc.lsb, header.unit)}; design "
            f"{design.name!r} is for {_said(adc.bits, adc.signed, adc.lsb, unit)}; set adc and recording.unit as the "
            f"chip has them"
        )


def _close(step: float, wanted: float) -> bool:
    return abs(step / wanted - 1) <= STEP_TOLERANCE


def _said(bits: int, signed: bool, lsb: float, unit: str) -> str:
    return f"{bits} bits, {'signed' if signed else 'unsigned'}, {lsb:g} {unit} a step"


def _of_other_length(path: Path, samples: int, design: Design) -> str:
    return (
        f"{path}: snippets of {samples} samples; design {design.name!r} takes {design.block.samples}; name the chip's "
        f"own design"
    )


@dataclass(frozen=True, eq=False)
class _Raw:
    """Snippets ``[n, D]`` of a packet. ``after_gap``: the one before is not that which was sent before it."""

    snippets: NDArray[np.int16]
    events: Events | None
    after_gap: bool


@dataclass(eq=False)
class _Link:
    """Raw packets of a stream, and notes of all that is no part of them."""

    path: Path
    design: Design
    packets: list[_Raw] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    without: str = ""
    """Why there are no raw packets, where there are none."""

    def take(self, pieces: Iterable[bytes], epoch: int) -> None:
        """Take all bytes in. Times count on from ``epoch`` where 32 bits wrap."""
        reader, repeats, times = PacketReader(), Repeats(), TimeReceiver(epoch)
        coded = lost = repeated = refused = 0
        expected = None

        def found() -> Iterable[Packet | Gap]:
            for data in pieces:
                yield from reader.feed(data)
            yield from reader.close()

        for item in found():
            if isinstance(item, Gap):
                lost += item.count
                continue
            if repeats.has(item):
                repeated += 1
                continue
            if not item.header.raw:
                coded += 1
                continue
            try:
                snippets, events = read_snippets(item)
            except PayloadError:
                refused += 1
                continue
            if snippets.shape[1] != self.design.block.samples:
                raise ValueError(_of_other_length(self.path, snippets.shape[1], self.design))
            if events is not None:
                times.count_on([events.times])
            self.packets.append(_Raw(snippets, events, item.header.sequence != expected))
            expected = (item.header.sequence + 1) % SEQUENCES
        self.without = (
            f"{many(coded, 'packet')} of coded blocks, and no un-encoded snippet; switch the chip to raw mode "
            f"(control bit 2, docs/hardware.md), and take what it sends then"
            if coded
            else "no packet that is whole; give what came over the chip's link, or a .scae file"
        )
        counts = {
            "of coded blocks, not looked at": coded,
            "lost": lost,
            "damaged, skipped": reader.rejected,
            "whose snippets are of no one length, skipped": refused,
            "repeated, taken once": repeated,
        }
        self.notes += [f"{many(count, 'packet')} {what}" for what, count in counts.items() if count]
        if reader.bytes_skipped:
            self.notes.append(f"{reader.bytes_skipped} of {reader.bytes_read} bytes in no whole packet, skipped")

    def spikes(self) -> tuple[NDArray[np.int16], NDArray[np.float64], NDArray[np.int64]]:
        """Snippets ``[n, P, D]``, P being M of a neighbourhood and 1 of a queue, times ``[n]`` in samples, NaN where
        there are none, and channels ``[n]``.

        Raises:
            ValueError: only some of the packets have times; or neighbourhoods cannot be told from each other.
        """
        snippets = np.concatenate([packet.snippets for packet in self.packets])
        timed = [packet.events for packet in self.packets if packet.events is not None]
        if timed and len(timed) < len(self.packets):
            raise ValueError(
                f"{self.path}: {len(timed)} of {len(self.packets)} raw packets have channels and times; give the parts "
                f"in files of their own"
            )
        if timed:
            times = np.concatenate([events.times for events in timed]).astype(np.float64)
            channels = np.concatenate([events.channels for events in timed])
        else:
            times, channels = np.full(len(snippets), np.nan), np.zeros(len(snippets), np.int64)
            self.notes.append(
                "snippets without channel and time are taken as of one channel, in the order that they came"
            )
        first = np.arange(len(snippets))
        width = 1
        if self.design.block.kind == "neighbourhood":
            width = self.design.block.spikes
            first = self._neighbourhoods(times, width) if timed else self._whole_packets(width)
            if left := len(snippets) - width * len(first):
                self.notes.append(f"{many(left, 'snippet')} of incomplete neighbourhoods, left out")
        rows = first[:, None] + np.arange(width)
        return snippets[rows], times[first], channels[first]

    def _neighbourhoods(self, times: NDArray[np.float64], width: int) -> NDArray[np.intp]:
        """Where neighbourhoods begin: so many snippets in a row, of one time, none of them missing."""
        new = np.append(True, times[1:] != times[:-1])
        at = 0
        for packet in self.packets:
            new[at] |= packet.after_gap
            at += len(packet.snippets)
        begins = np.flatnonzero(new)
        sizes = np.diff(np.append(begins, len(times)))
        whole = sizes % width == 0  # of two events at a time, one follows the other
        return np.concatenate(
            [
                np.empty(0, np.intp),
                *(np.arange(b, b + s, width) for b, s in zip(begins[whole], sizes[whole], strict=True)),
            ]
        )

    def _whole_packets(self, width: int) -> NDArray[np.intp]:
        """The same without times.

        Raises:
            ValueError: a packet holds parts of one.
        """
        uneven = [len(packet.snippets) for packet in self.packets if len(packet.snippets) % width]
        if uneven:
            raise ValueError(
                f"{self.path}: a packet of {uneven[0]} snippets without times, and neighbourhoods of {width}: where "
                f"one begins is not known; let the chip send times (sidecar = 2), or whole neighbourhoods in a packet "
                f"(packet_blocks a multiple of {width}, and no more than its buffer holds)"
            )
        return np.arange(0, sum(len(packet.snippets) for packet in self.packets), width)
