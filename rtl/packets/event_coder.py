"""Where and when a block's spikes were, in exponential Golomb codes, bit by bit (``docs/bitstream.md``)."""

from amaranth.hdl import Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CHANNEL_BITS", "CHANNEL_ORDER", "EVENT_BITS", "TIME_BITS", "TIME_ORDER", "EventCoder", "event_bits"]

CHANNEL_BITS, TIME_BITS = 16, 32
EVENT_BITS = CHANNEL_BITS + TIME_BITS
"""Channel (low) and time of a spike."""
CHANNEL_ORDER, TIME_ORDER = 7, 9
WIDEST = 34
"""Bits of the largest number plus 2**order."""


def event_bits(spikes: int) -> int:
    """Bits of a block's events at most: a Golomb code of order k of a b-bit number has 2b - k - 1."""
    channel, time = 2 * (CHANNEL_BITS + 2) - CHANNEL_ORDER - 1, 2 * (TIME_BITS + 1) - TIME_ORDER - 1
    return channel + spikes * time


class EventCoder(wiring.Component):
    """One block's events: the channel and time of its first spike as differences from the block before, then times.

    Parameters
    ----------
    spikes: spikes of a full block.

    Members
    -------
    start: In(1): begin with the next block; ``busy`` follows.
    first: In(1): it is the first of its packet: differences are from 0.
    sidecar: In(2): 0 send nothing, 1 a time per block, 2 a time per spike.
    missing: In(range(max(2, spikes))): spikes that the block lacks; stable while ``busy``.
    events: In(stream of unsigned(EVENT_BITS)): channel and time of every spike, in order.
    busy: Out(1): events are still taken.
    o: Out(stream of {bit: 1}): bits, one a cycle.

    Cycles
    ------
    Latency: 37 cycles, less the bits of the number, before a number's first zero; without a sidecar busy for
        ``spikes + 1`` cycles.
    Throughput: a bit a cycle within a number.
    """

    def __init__(self, spikes: int) -> None:
        self._spikes = spikes
        super().__init__(
            {
                "start": In(1),
                "first": In(1),
                "sidecar": In(2),
                "missing": In(range(max(2, spikes))),
                "events": In(stream.Signature(unsigned(EVENT_BITS))),
                "busy": Out(1),
                "o": Out(stream.Signature(data.StructLayout({"bit": 1}))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spike = Signal(range(max(2, self._spikes)))
        channel, time = self.events.payload[:CHANNEL_BITS], self.events.payload[CHANNEL_BITS:]
        last_channel, last_first, last_time = Signal(CHANNEL_BITS), Signal(TIME_BITS), Signal(TIME_BITS)
        last_spike, opens = Signal(), Signal()
        number, width, zeros = Signal(WIDEST), Signal(range(WIDEST + 1)), Signal(range(WIDEST + 1))
        # Where every spike opens a block, no time before it is kept.
        m.d.comb += [
            last_spike.eq(spike == self._spikes - 1 - self.missing),
            opens.eq(spike == 0 if self._spikes > 1 else 1),
        ]

        def zigzag(difference: Signal, bits: int) -> Signal:
            """2d for d ≥ 0, else -2d - 1."""
            result = Signal(bits + 1)
            m.d.comb += result.eq(Mux(difference < 0, ~(difference << 1), difference << 1))
            return result

        def code(value: Signal, order: int) -> None:
            """Begin to send a number: as many zeros as it has bits more than order + 1, then the number."""
            m.d.sync += [number.eq(value + (1 << order)), width.eq(WIDEST), zeros.eq(0)]

        channel_step, time_step = Signal(signed(CHANNEL_BITS + 1)), Signal(signed(TIME_BITS))
        m.d.comb += [channel_step.eq(channel - last_channel), time_step.eq(time - last_first)]
        coded_channel, coded_time = zigzag(channel_step, CHANNEL_BITS + 1), zigzag(time_step, TIME_BITS)

        order = Signal(range(16))
        with m.FSM() as machine:
            m.d.comb += self.busy.eq(~machine.ongoing("idle"))
            with m.State("idle"):
                with m.If(self.start):
                    m.d.sync += spike.eq(0)
                    with m.If(self.first):
                        m.d.sync += [last_channel.eq(0), last_first.eq(0)]
                    m.next = "channel"
            with m.State("channel"):
                with m.If(self.sidecar == 0):
                    m.next = "drop"
                with m.Elif(self.events.valid):
                    code(coded_channel, CHANNEL_ORDER)
                    m.d.sync += [order.eq(CHANNEL_ORDER), last_channel.eq(channel)]
                    m.next = "scale"
            with m.State("time"):
                with m.If(self.events.valid):
                    later = Signal(TIME_BITS)
                    m.d.comb += later.eq(time - last_time)
                    with m.If(opens):
                        code(coded_time, TIME_ORDER)
                        m.d.sync += last_first.eq(time)
                    with m.Else():
                        code(later, TIME_ORDER)
                    m.d.sync += [order.eq(TIME_ORDER), last_time.eq(time)]
                    m.next = "scale"
            with m.State("scale"):
                # Shift the number up until its highest bit is set, counting its width down.
                with m.If(number[-1]):
                    m.d.sync += zeros.eq(width - order - 1)
                    m.next = "zeros"
                with m.Else():
                    m.d.sync += [number.eq(number << 1), width.eq(width - 1)]
            with m.State("zeros"):
                m.d.comb += [self.o.valid.eq(zeros != 0), self.o.payload.bit.eq(Const(0))]
                with m.If(zeros == 0):
                    m.next = "number"
                with m.Elif(self.o.ready):
                    m.d.sync += zeros.eq(zeros - 1)
            with m.State("number"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.bit.eq(number[-1])]
                with m.If(self.o.ready):
                    m.d.sync += [number.eq(number << 1), width.eq(width - 1)]
                    with m.If(width == 1):
                        with m.If(order == CHANNEL_ORDER):
                            m.next = "time"
                        with m.Else():
                            m.next = "next"
            with m.State("next"):
                m.d.comb += self.events.ready.eq(1)
                m.d.sync += spike.eq(spike + 1)
                with m.If(last_spike):
                    m.next = "idle"
                with m.Elif(self.sidecar == 1):
                    m.next = "drop"
                with m.Else():
                    m.next = "time"
            with m.State("drop"):
                m.d.comb += self.events.ready.eq(1)
                with m.If(self.events.valid):
                    m.d.sync += spike.eq(spike + 1)
                    with m.If(last_spike):
                        m.next = "idle"
        return m
