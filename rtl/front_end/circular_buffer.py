"""The latest samples of all channels."""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import coming_layout
from rtl.memory.sized import SizedMemory, alone
from spikecae.front_end.front_end import FrontEnd

__all__ = ["BufferRead", "CircularBuffer", "lanes_of_memories", "place_in_frame", "place_of"]

READ_BITS = 32
"""Most bits that are read for a sample."""


def lanes_of_memories(front_end: FrontEnd) -> list[int]:
    """Samples of a word that each of the memories holds: those that are read together."""
    most = max(1, READ_BITS // front_end.bits)
    return [min(most, front_end.lanes - first) for first in range(0, front_end.lanes, most)]


def place_in_frame(front_end: FrontEnd) -> data.StructLayout:
    """Where among the words of a frame a channel's sample lies."""
    return data.StructLayout({"lane": range(max(2, front_end.lanes)), "group": range(max(2, front_end.groups))})


def place_of(m: Module, front_end: FrontEnd, channel: Value) -> Any:
    """That of ``channel``, worked out in the unit ``m``."""
    source = Signal(place_in_frame(front_end))
    factor, shift = _quotient(front_end.lanes, front_end.channels)
    group = (channel * factor) >> shift
    m.d.comb += [source.group.eq(group), source.lane.eq(channel - source.group * front_end.lanes)]
    return source


class BufferRead(wiring.Signature):
    """How a reader reaches the samples.

    Parameters
    ----------
    front_end: channels, converter, and size of the buffer.

    Members
    -------
    word: Out(range(max(2, front_end.frames * front_end.groups))): address of the word to read.
    lane: Out(range(max(2, front_end.lanes))): the sample in it.
    en: Out(1): read, as soon as ``ready``; ``x`` holds its value otherwise.
    ready: In(1): it is read now: no word is written in this cycle.
    x: In(signed(front_end.bits)): the sample, one cycle later.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        word = range(max(2, front_end.frames * front_end.groups))
        super().__init__(
            {
                "word": Out(word),
                "lane": Out(range(max(2, front_end.lanes))),
                "en": Out(1),
                "ready": In(1),
                "x": In(signed(front_end.bits)),
            }
        )


class CircularBuffer(wiring.Component):
    """``frames`` samples of each channel, those of neighbouring channels in one word.

    A word is written when it is full, to memories side by side of which one is read. They have one port, at which
    writes come first; two where every sample is a word.

    Parameters
    ----------
    front_end: channels, converter, and size.

    Members
    -------
    i: In(PushStream(coming_layout(front_end))): samples; each can be read from the second cycle after its word's last
        one on, until ``frames`` later ones of its channel have come.
    read: In(BufferRead(front_end)): the reader.

    Cycles
    ------
    Latency: 2 cycles from a word's last sample to its write, 1 cycle from read to sample.
    Throughput: a sample in a cycle, and one out where none is written.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "i": In(PushStream(coming_layout(front_end))),
                "read": In(BufferRead(front_end)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        bits, lanes = front_end.bits, front_end.lanes
        depth = front_end.frames * front_end.groups
        single = front_end.own_words
        sample = self.i.payload
        gathered = [Signal(bits, name=f"gathered{lane}", reset_less=True) for lane in range(lanes)]
        full, at = Signal(), Signal.like(self.read.word)
        m.d.sync += full.eq(self.i.valid & sample.ends)
        with m.If(full):
            m.d.sync += at.eq(Mux(at == depth - 1, 0, at + 1))
        lane = Signal.like(self.read.lane)
        read_now = self.read.en & self.read.ready
        found: list[Value] = []
        for number, held in enumerate(lanes_of_memories(front_end)):
            first = len(found)
            memory = SizedMemory(shape=unsigned(held * bits), depth=depth, init=[], single_port=not single)
            m.submodules[f"samples{number}"] = alone(memory)
            write, read = memory.write_port(), memory.read_port()
            # The lines to a memory's lanes stand still while samples go to another one's.
            x, comes = Signal(signed(bits), name=f"x{number}"), Signal(name=f"comes{number}")
            m.d.comb += x.eq(sample.x & comes.replicate(bits).as_signed())
            with m.Switch(sample.lane), m.Case(*range(first, first + held)):
                m.d.comb += comes.eq(1)
            for place in range(first, first + held):
                with m.If(self.i.valid & (sample.lane == place)):
                    m.d.sync += gathered[place].eq(x)
            here = Signal(name=f"here{number}")
            with m.Switch(self.read.lane), m.Case(*range(first, first + held)):
                m.d.comb += here.eq(1)
            m.d.comb += [
                write.addr.eq(at),
                write.en.eq(full),
                write.data.eq(Cat(gathered[first : first + held])),
                read.addr.eq(self.read.word),
                read.en.eq(read_now & here),
            ]
            found += [read.data.word_select(place, bits) for place in range(held)]
        m.d.comb += [
            self.read.ready.eq(1 if single else ~full),
            self.read.x.eq(Array(found)[lane].as_signed()),
        ]
        with m.If(read_now):
            m.d.sync += lane.eq(self.read.lane)
        return m


def _quotient(divisor: int, below: int) -> tuple[int, int]:
    """Factor and shift that divide all numbers below a bound."""
    for shift in range(24):
        factor = -(-(1 << shift) // divisor)
        if all(number * factor >> shift == number // divisor for number in range(below)):
            return factor, shift
    raise ValueError(f"no factor divides numbers below {below} by {divisor}")
