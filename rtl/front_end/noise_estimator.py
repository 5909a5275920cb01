"""Running median of every channel's magnitude, and the threshold that follows from it."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.front_end.height import is_higher
from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import DITHER_BITS, coming_layout, counted_layout
from rtl.memory.sized import SizedMemory
from spikecae.front_end.front_end import GAIN_BITS, GAIN_FRACTION, THRESHOLD_LAG, FrontEnd

__all__ = ["NoiseEstimator", "noise_layout"]

FRACTION = 16
"""Fraction bits of the estimate, in codes."""
COARSE = 4
"""How much shorter the shift is at first."""
DROPPED = 8
"""Fraction bits of the estimate that the threshold does without."""


def noise_layout(front_end: FrontEnd) -> data.StructLayout:
    """What is known of a channel: its estimate, and the threshold that follows from it, in whole codes."""
    return data.StructLayout({"estimate": front_end.bits + FRACTION, "threshold": front_end.bits})


class NoiseEstimator(wiring.Component):
    """Move the estimate of the channel whose turn it is towards |x|, by ``2**-noise_shift`` of itself.

    Estimates and thresholds share one memory of one port. A settled channel's word is read in its turn and written with
    a later sample of its own, which needs no reading: its threshold is the one that is written. |x| with its dither is
    below ``2**(bits-1) + 1/2``; a step up starts there at most and adds a quarter at most, so that the estimate fits in
    ``bits`` whole bits.

    Of neighbouring channels together, those of a word of samples, there is a *bound*, which none of their thresholds is
    below. Only samples *beyond* it are compared with the threshold, for which alone it is read. A threshold that is
    written takes its bound down if it is lower. As channels have their turns in order, the lowest threshold of the last
    ones is at hand at the last of them, and takes its bound up.

    What turns move is in the domain ``turning``, whose clock may stop while nothing asks for it.

    Parameters
    ----------
    front_end: channels, converter, polarity and speed of the estimate.

    Members
    -------
    coming: In(PushStream(coming_layout(front_end))): samples.
    i: In(PushStream(counted_layout(front_end))): the same, one cycle later; ``x`` only if it was wanted.
    gain: In(GAIN_BITS): threshold over estimate, with ``GAIN_FRACTION`` fraction bits; ``front_end.gain`` if left
        alone. It counts from a channel's next turn on.
    wants: Out(1): ``x`` of the sample at ``coming`` is needed at ``i``.
    beyond: Out(1): the sample at ``i`` may be above its threshold.
    threshold: Out(front_end.bits): of the sample at ``i``, if it is ``beyond``.
    clock_request: Out(1): the next rising edge of ``turning`` is needed.

    Cycles
    ------
    Latency: 1 cycle from a sample at ``coming`` to its threshold; ``front_end.threshold_frames`` frames from a turn to
        the sample whose threshold follows from it.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self.bounds = Array(
            Signal(front_end.bits, name=f"bound{group}", reset_less=True) for group in range(front_end.groups)
        )
        self.bounded = Signal()
        """There are bounds: every settled channel has had its turn."""
        super().__init__(
            {
                "coming": In(PushStream(coming_layout(front_end))),
                "i": In(PushStream(counted_layout(front_end))),
                "gain": In(GAIN_BITS, init=front_end.gain),
                "wants": Out(1),
                "beyond": Out(1),
                "threshold": Out(front_end.bits),
                "clock_request": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end, coming, valid = self._front_end, self.coming.payload, self.coming.valid
        bits = front_end.bits
        m.submodules.words = memory = SizedMemory(
            shape=noise_layout(front_end), depth=max(2, front_end.channels), init=[], single_port=True
        )
        read, write = memory.read_port(), memory.write_port()

        steps = Signal(THRESHOLD_LAG - 1)  # a turn was so many samples ago
        waits, at, found = Signal(), Signal.like(coming.channel), Signal(bits)
        turn, own, keeps, passes = Signal(), Signal(), Signal(), Signal()
        forwarded = Signal()
        m.d.comb += [
            turn.eq(valid & coming.turn),
            own.eq(coming.settled & (coming.channel == at)),
            keeps.eq(valid & waits & (steps == 0) & (own | ~coming.settled)),
            passes.eq(~self.bounded | is_higher(coming.x, self.bounds[coming.group], front_end.polarity)),
            read.addr.eq(coming.channel),
            self.wants.eq(coming.turn | (coming.settled & (passes | keeps))),
            read.en.eq(turn | (valid & coming.settled & passes & ~keeps)),
            write.addr.eq(at),
            write.en.eq(keeps),
            write.data.threshold.eq(found),
            self.threshold.eq(Mux(forwarded, found, read.data.threshold)),
        ]
        with m.If(valid & (coming.turn | keeps | steps.any())):
            m.d.sync += [steps.eq(Cat(coming.turn, steps[:-1])), waits.eq(coming.turn | (waits & ~keeps))]
        with m.If(valid & (keeps | forwarded)):
            m.d.sync += forwarded.eq(keeps)
        with m.If(valid):
            m.d.sync += self.beyond.eq(coming.settled & (passes | keeps))
        with m.If(turn):
            m.d.turning += at.eq(coming.channel)
        moves = self._move(m, read.data.estimate, write.data.estimate, found)
        self._bound(m, keeps & coming.settled, found)
        m.d.comb += self.clock_request.eq(turn | keeps | moves)
        return m

    def _move(self, m: Module, before: Signal, moved: Signal, found: Signal) -> Signal:
        """What follows from the sample at ``i``, if it is a turn.

        Args:
            m: the unit.
            before: the estimate, at the same time.
            moved: where it is one cycle later.
            found: the threshold, two cycles later.

        Returns:
            What of this goes on at the next rising edge of ``turning``.
        """
        front_end, i = self._front_end, self.i.payload
        bits, width, shift = front_end.bits, front_end.bits + FRACTION, front_end.noise_shift
        turn, multiplies = self.i.valid & i.turn, Signal()
        code, magnitude, after = Signal(bits), Signal(signed(width + 1)), Signal(width)
        estimate, step, threshold = Signal(width), Signal(width), Signal(width + GAIN_BITS)
        heard = (i.x.as_unsigned() & i.turn.replicate(bits)).as_signed()  # nothing is worked out of the other samples
        spread = Cat(reversed(list(i.time[:DITHER_BITS]))) << (FRACTION - DITHER_BITS)
        kept = Signal(width)
        m.d.comb += [
            code.eq(abs(heard)),
            magnitude.eq(Mux(code == 0, spread >> 1, (code << FRACTION) + spread - (1 << (FRACTION - 1)))),
            estimate.eq(Mux(i.fresh, 1 << FRACTION, before)),
            step.eq(Mux(i.coarse, estimate >> (shift - COARSE), estimate >> shift) + 1),
            after.eq(Mux(magnitude >= estimate, estimate + step, estimate - step)),
            threshold.eq((kept[DROPPED:] * self.gain) >> (FRACTION - DROPPED + GAIN_FRACTION)),
            moved.eq(kept),
        ]
        m.d.sync += multiplies.eq(turn)
        with m.If(turn):
            m.d.turning += kept.eq(after)
        with m.If(multiplies):
            m.d.turning += found.eq(Mux(threshold >> bits, (1 << bits) - 1, threshold))
        return turn | multiplies

    def _bound(self, m: Module, keeps: Signal, found: Signal) -> None:
        """Bounds, and what they wait for.

        Args:
            m: the unit.
            keeps: ``found`` becomes the threshold of the coming sample's channel, which has settled.
            found: a threshold.
        """
        coming, bound = self.coming.payload, self.bounds[self.coming.payload.group]
        lowest, running = Signal.like(found), Signal.like(found)
        m.d.comb += lowest.eq(Mux((coming.lane != 0) & (running < found), running, found))
        with m.If(keeps):
            m.d.turning += running.eq(lowest)
            with m.If(coming.ends):
                m.d.turning += bound.eq(lowest)
            with m.Elif(found < bound):
                m.d.turning += bound.eq(found)
            with m.If(coming.channel == self._front_end.channels - 1):
                m.d.sync += self.bounded.eq(1)
