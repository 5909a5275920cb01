"""What the benches lead a chip to do, in bins that golden and the standard define: saturation, ties, lengths of codes,
partial blocks, kinds of packets, stalls."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np

from sim.coverage.points import Point
from sim.grade.chip import Chip, Subject
from spikecae.arithmetic import Integers
from spikecae.bitstream.packets import HEADER_BYTES, TRAILER_BYTES, Packet, PacketReader
from spikecae.bitstream.payload import PayloadError, read_blocks
from spikecae.golden import products
from spikecae.golden.levels import columns_of, scores_of
from spikecae.golden.network import Network
from spikecae.golden.products import requantize
from spikecae.golden.step import Floats, read_source
from spikecae.spec import EncoderSpec
from spikecae.stages import Levels, VectorQuantizer
from spikecae.stages.base import GOLOMB

__all__ = ["WatchedChip", "functional_points"]

PARTS = ("header", "payload", "trailer")
MOST_SIDECAR = 2


class WatchedChip(Chip):
    """A chip of which is counted, before each reset, what has left it and what has waited."""

    def __init__(self, library: Path, subject: Subject) -> None:
        self.met = Counter[str]()
        """How often each bin was met."""
        super().__init__(library, subject, 0)

    def become(self, subject: Subject) -> None:
        """As for :class:`sim.grade.chip.Chip`; what has left belongs to the subject before."""
        self.restart()
        super().become(subject)

    def restart(self) -> None:
        """As for :class:`sim.grade.chip.Chip`."""
        self.watch()
        super().restart()

    def reset(self, cycles: int = 4) -> None:
        """As for :class:`sim.grade.chip.Chip`."""
        self.watch()
        super().reset(cycles)

    def watch(self) -> None:
        """Count what there is since the last reset."""
        raw = False
        for packet in PacketReader().feed(self.simulator.output_bytes.tobytes()):
            if isinstance(packet, Packet):
                raw |= packet.header.raw
                self.met.update(bins_of(self.subject.spec, packet))
        self.met[f"stall: a sample waits, {'raw' if raw else 'coded'}"] += self.read("input_stalls")
        for part, cycles in zip(PARTS, self._held(), strict=True):
            self.met[f"stall: a byte waits, {part}"] += cycles

    def _held(self) -> list[int]:
        """Cycles in which a byte of a packet's header, payload and trailer was offered and not taken."""
        held = [0] * len(PARTS)
        cycles, first = self.simulator.byte_cycles.astype(np.int64), 0
        for packet in self.simulator.packets:
            own = cycles[first : first + len(packet)]
            waits = np.diff(own, prepend=own[0] - 1) - 1
            for part, some in enumerate(np.split(waits, [HEADER_BYTES, len(packet) - TRAILER_BYTES])):
                held[part] += int(some.sum())
            first += len(packet)
        return held


def functional_points(chip: WatchedChip, subjects: list[Subject]) -> Iterator[Point]:
    """Every bin of a chip, with how often it was met.

    Args:
        chip: after its benches.
        subjects: those that they were run with; each one's blocks are sent and compared whole. Of the first, which has
            the design's parameters, each table's lengths of codes are bins; random parameters leave symbols of some
            tables unused, and the lengths of all their tables count together.
    """
    bins = Counter(chip.met)
    bins.update(dict.fromkeys(possible(subjects[0].spec), 0))
    for subject in subjects:
        bins.update(dict.fromkeys(_lengths(subject.spec), 0))
        bins.update(saturated(subject))
        bins.update(ties(subject))
    for name, times in sorted(bins.items()):
        yield Point("functional", name, times)


def possible(spec: EncoderSpec) -> Iterator[str]:
    """Bins of what may leave a chip, and of what may wait."""
    for number, table in enumerate(spec.coder.tables):
        yield from (f"code: table {number}, {bits} bits" for bits in sorted(set(table.tolist())))
    yield from _lengths(spec)
    if GOLOMB in spec.symbols.tables:
        yield "code: levels behind a reserved symbol"
    yield from (f"packet: coded, sidecar {sidecar}" for sidecar in range(MOST_SIDECAR + 1))
    yield from (f"packet: raw, sidecar {sidecar}" for sidecar in (0, MOST_SIDECAR))
    yield from (f"block: {missing} spikes missing" for missing in range(spec.spikes))
    yield from (f"stall: a sample waits, {mode}" for mode in ("coded", "raw"))
    yield from (f"stall: a byte waits, {part}" for part in PARTS)


def _lengths(spec: EncoderSpec) -> Iterator[str]:
    """A bin for each length of a code, whatever its table."""
    return (f"code: {bits} bits" for bits in sorted(set(np.concatenate(spec.coder.tables).tolist())))


def bins_of(spec: EncoderSpec, packet: Packet) -> Counter[str]:
    """What a packet has to show; of one that does not decode, as parameters were spoiled, only its kind."""
    header = packet.header
    found = Counter([f"packet: {'raw' if header.raw else 'coded'}, sidecar {int(header.sidecar)}"])
    if header.raw:
        return found
    try:
        blocks = read_blocks(spec, packet)
    except PayloadError:
        return found
    found.update(f"block: {missing} spikes missing" for missing in (~blocks.present).sum(axis=1).tolist())
    symbols = spec.symbols
    for position in symbols.coded:
        table = symbols.tables[position]
        lengths = spec.coder.tables[table][blocks.indices[:, position]].tolist()
        found.update(f"code: table {table}, {bits} bits" for bits in lengths)
        found.update(f"code: {bits} bits" for bits in lengths)
    for by in sorted(set(symbols.escaped_by) - {-1}):
        reserved = int((blocks.indices[:, by] == symbols.sizes[by] - 1).sum())
        found["code: levels behind a reserved symbol"] += reserved
    return found


def saturated(subject: Subject) -> Counter[str]:
    """Values that each layer's requantizer clips, at either end."""
    spec, clipped = subject.spec, dict[str, int]()

    def counting(product: Floats, output_range: tuple[int, int], out: Floats) -> None:
        low, high = output_range
        clipped.update(low=int((product < low).sum()), high=int((product >= high + 1).sum()))
        requantize(product, output_range, out)

    found = Counter[str]()
    with patch.object(products, "requantize", counting):
        for _, name, _ in Network(spec).run(read_source(spec.source, subject.adc)):
            found.update({f"saturation: {name}, {end} end": times for end, times in clipped.items()})
            clipped.clear()
    return found


def ties(subject: Subject) -> Counter[str]:
    """Vectors with more than one nearest codeword, or class: the first of them is to win."""
    spec, quantizer = subject.spec, subject.spec.quantizer
    latents = subject.golden.taps[spec.transforms[-1].tap]
    flat = latents.reshape(len(latents), -1)
    found = Counter[str]()
    if isinstance(quantizer, VectorQuantizer):
        for part in quantizer.table:
            book, own = quantizer.codebooks[part.codebook], flat[:, part.offset : part.offset + part.length]
            scores = book.bias.astype(np.int64) - 2 * own @ book.words.astype(np.int64).T
            found[f"tie: codebook {part.codebook}"] += _several(scores)
    if isinstance(quantizer, Levels) and quantizer.classes:
        found["tie: classes"] += _several(scores_of(quantizer, columns_of(quantizer, flat)))
    return found


def _several(scores: Integers) -> int:
    """How many vectors have the smallest of their scores (n, K) twice."""
    return int(((scores == scores.min(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
