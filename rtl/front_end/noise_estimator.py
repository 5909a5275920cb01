"""Running median of every channel's magnitude, and the threshold that follows from it."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import counted_layout
from rtl.memory.sized import SizedMemory, alone, turned
from rtl.shape.memory_use import FLIP_FLOP_BITS
from spikecae.front_end.front_end import GAIN_BITS, GAIN_FRACTION, THRESHOLD_LAG, FrontEnd

__all__ = ["FRACTION", "NoiseEstimator"]

FRACTION = 16
"""Fraction bits of the estimate, in codes."""
COARSE = 4
"""How much shorter the shift is at first."""
DROPPED = 8
"""Fraction bits of the estimate that the threshold does without."""


class NoiseEstimator(wiring.Component):
    """Move the estimate of the channel whose turn it is towards |x|, by ``2**-noise_shift`` of itself.

    All estimates share one memory, which is read and written in turns only; thresholds, in whole codes, another one,
    whose words are those of neighbouring channels and are read once for all of them. |x| with its dither is below
    ``2**(bits-1) + 1/2``; a step up starts there at most and adds a quarter at most, so that the estimate fits in
    ``bits`` whole bits.

    What a turn moves is in the domain ``turning``, whose clock may stop while nothing asks for it.

    Parameters
    ----------
    front_end: channels, converter and speed of the estimate.

    Members
    -------
    i: In(PushStream(counted_layout(front_end))): samples.
    gain: In(GAIN_BITS): threshold over estimate, with ``GAIN_FRACTION`` fraction bits; ``front_end.gain`` if left
        alone. It counts from a channel's next turn on.
    threshold: Out(front_end.bits): of the sample at ``i``, in the same cycle.
    clock_request: Out(1): the next rising edge of ``turning`` is needed.

    Cycles
    ------
    Latency: 0 cycles from a sample to its threshold; ``THRESHOLD_LAG`` samples from a turn until it can be looked up.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "i": In(PushStream(counted_layout(front_end))),
                "gain": In(GAIN_BITS, init=front_end.gain),
                "threshold": Out(front_end.bits),
                "clock_request": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end, i = self._front_end, self.i.payload
        bits, width, shift = front_end.bits, front_end.bits + FRACTION, front_end.noise_shift
        m.submodules.estimates = memory = SizedMemory(
            shape=unsigned(width), depth=max(2, front_end.channels), init=[], single_port=True
        )
        read, write = memory.read_port(domain="turning"), memory.write_port(domain="turning")

        # A turn goes on with the samples that follow: look up, move, multiply, keep the threshold.
        steps = Signal(THRESHOLD_LAG - 1)
        place = data.StructLayout({"channel": i.channel.shape(), "group": i.group.shape(), "lane": i.lane.shape()})
        at, code, moved, found = Signal(place), Signal(bits), Signal(width), Signal(bits)
        dither, fresh, coarse = Signal(8), Signal(), Signal()
        waits = Signal()
        turn = self.i.valid & i.turn
        heard = (i.x.as_unsigned() & i.turn.replicate(bits)).as_signed()  # nothing is worked out of the other samples
        with m.If(self.i.valid):
            m.d.sync += steps.eq(Cat(i.turn, steps[:-1]))
        with m.If(turn):
            m.d.turning += [
                at.channel.eq(i.channel),
                at.group.eq(i.group),
                at.lane.eq(i.lane),
                code.eq(abs(heard)),
                dither.eq(Cat(reversed(list(i.time[:8])))),
                fresh.eq(i.fresh),
                coarse.eq(i.coarse),
            ]
        magnitude, estimate, step = Signal(signed(width + 1)), Signal(width), Signal(width)
        after, threshold = Signal(width), Signal(width + GAIN_BITS)
        spread = dither << (FRACTION - 8)
        m.d.comb += [
            read.addr.eq(i.channel),
            read.en.eq(turn),
            magnitude.eq(Mux(code == 0, spread >> 1, (code << FRACTION) + spread - (1 << (FRACTION - 1)))),
            estimate.eq(Mux(fresh, 1 << FRACTION, read.data)),
            step.eq(Mux(coarse, estimate >> (shift - COARSE), estimate >> shift) + 1),
            after.eq(Mux(magnitude >= estimate, estimate + step, estimate - step)),
            write.addr.eq(at.channel),
            write.en.eq(self.i.valid & steps[0]),
            write.data.eq(after),
            threshold.eq((moved[DROPPED:] * self.gain) >> (FRACTION - DROPPED + GAIN_FRACTION)),
        ]
        with m.If(self.i.valid & steps[0]):
            m.d.turning += moved.eq(after)
        with m.If(self.i.valid & steps[1]):
            m.d.turning += found.eq(Mux(threshold >> bits, (1 << bits) - 1, threshold))

        lanes, groups = front_end.lanes, front_end.groups
        words = SizedMemory(
            shape=unsigned(lanes * bits), depth=max(2, groups), init=[], single_port=not front_end.own_words
        )
        m.submodules.thresholds = alone(words)
        in_flip_flops = groups * lanes * bits <= FLIP_FLOP_BITS
        look_up = words.read_port()
        keep = words.write_port(domain="turning" if in_flip_flops else "sync", granularity=bits)
        looks_up = self.i.valid & i.ends
        keeps = self.i.valid & (steps[2] | waits)
        if not front_end.own_words:  # no word has one sample, so that the next cycle is free
            keeps &= ~i.ends
            with m.If(self.i.valid):
                m.d.sync += waits.eq(steps[2] & i.ends)
        m.d.comb += [
            keep.data.eq(found.replicate(lanes)),
            keep.en.eq(Mux(keeps, 1 << at.lane, 0)),
            look_up.addr.eq(turned(i.next_group, groups) if in_flip_flops else i.next_group),
            look_up.en.eq(looks_up),
            keep.addr.eq(turned(at.group, groups) if in_flip_flops else at.group),
            self.threshold.eq(look_up.data.word_select(i.lane, bits)),
            self.clock_request.eq(turn | steps.any() | waits),
        ]
        return m
