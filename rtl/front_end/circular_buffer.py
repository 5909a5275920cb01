"""The latest samples of all channels."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import counted_layout
from spikecae.front_end.front_end import FrontEnd

__all__ = ["BufferRead", "CircularBuffer"]


class BufferRead(wiring.Signature):
    """How a reader reaches the samples.

    Parameters
    ----------
    front_end: channels, converter, and size of the buffer.

    Members
    -------
    channel: Out(range(max(2, front_end.channels))): of the sample to read.
    slot: Out(range(front_end.frames)): its frame modulo the size of the buffer.
    en: Out(1): read now; ``x`` holds its value otherwise.
    x: In(signed(front_end.bits)): the sample, one cycle after ``en``.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        super().__init__(
            {
                "channel": Out(range(max(2, front_end.channels))),
                "slot": Out(range(front_end.frames)),
                "en": Out(1),
                "x": In(signed(front_end.bits)),
            }
        )


class CircularBuffer(wiring.Component):
    """``frames`` samples of each channel in one memory with one write and one read port.

    Parameters
    ----------
    front_end: channels, converter, and size.

    Members
    -------
    i: In(PushStream(counted_layout(front_end))): samples; each can be read from the next cycle on, until ``frames``
        later ones of its channel have come.
    read: In(BufferRead(front_end)): the reader.

    Cycles
    ------
    Latency: 1 cycle from write to read, and from read to sample.
    Throughput: a sample in and one out a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "i": In(PushStream(counted_layout(front_end))),
                "read": In(BufferRead(front_end)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frames = self._front_end.frames
        address = data.StructLayout({"slot": range(frames), "channel": range(max(2, self._front_end.channels))})
        depth = frames * self._front_end.channels
        m.submodules.samples = memory = Memory(shape=signed(self._front_end.bits), depth=depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        at, wanted = Signal(address), Signal(address)
        m.d.comb += [
            at.slot.eq(self.i.payload.time),
            at.channel.eq(self.i.payload.channel),
            write.addr.eq(at),
            write.en.eq(self.i.valid),
            write.data.eq(self.i.payload.x),
            wanted.slot.eq(self.read.slot),
            wanted.channel.eq(self.read.channel),
            read.addr.eq(wanted),
            read.en.eq(self.read.en),
            self.read.x.eq(read.data),
        ]
        return m
