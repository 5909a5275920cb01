"""The digital band-pass: every channel's samples through the same sections."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.memory.sized import SizedMemory
from spikecae.front_end.band_pass import FilterSection, signed_digits
from spikecae.front_end.front_end import FrontEnd

__all__ = ["BandPassFilter", "states_layout"]


def states_layout(front_end: FrontEnd) -> data.StructLayout:
    """A channel's states, one for each section of its filter."""
    band_pass = front_end.band_pass
    widths = band_pass.widths(front_end.bits) if band_pass else ()
    return data.StructLayout({f"section{number}": signed(width) for number, width in enumerate(widths)})


class BandPassFilter(wiring.Component):
    """Sections of one pole in a row; what they add up are shifts of one difference each.

    A word of memory holds the states of ``front_end.filter_lanes`` neighbouring channels. It is read with the last
    sample before its first, and written, as a whole, in the cycle behind its last. A frame of one word needs no memory.

    Parameters
    ----------
    front_end: channels, converter and filter.

    Members
    -------
    i: In(stream of signed(16)): codes, channel after channel, frame after frame. Always taken.
    o: Out(PushStream(signed(16))): the same, filtered and saturated to the converter's range.

    Raises
    ------
    ValueError: the front end has no filter.

    Cycles
    ------
    Latency: 1 cycle.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        if front_end.band_pass is None:
            raise ValueError("a filter needs sections, this front end has no band_pass")
        self._front_end = front_end
        self._band_pass = front_end.band_pass
        super().__init__({"i": In(stream.Signature(signed(16))), "o": Out(PushStream(signed(16)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end, layout = self._front_end, states_layout(self._front_end)
        lanes, groups, channels = front_end.filter_lanes, front_end.filter_groups, front_end.channels
        lane, group = Signal(range(max(2, lanes))), Signal(range(max(2, groups)))
        ends, final, fresh = Signal(), Signal(), Signal(init=1)
        last_lane = channels - (groups - 1) * lanes - 1
        m.d.comb += [
            self.i.ready.eq(1),
            final.eq((group == groups - 1) & (lane == last_lane)),
            ends.eq(final | (lane == lanes - 1)),
        ]
        with m.If(self.i.valid):
            m.d.sync += lane.eq(Mux(ends, 0, lane + 1))
        with m.If(self.i.valid & ends):
            m.d.sync += group.eq(Mux(final, 0, group + 1))
        with m.If(self.i.valid & final):
            m.d.sync += fresh.eq(0)

        gathered = [Signal(layout, name=f"gathered{number}", reset_less=True) for number in range(lanes)]
        before, after = Signal(layout), Signal(layout)
        word = Cat(gathered)
        if groups > 1:
            word = self._memory(m, gathered, group, ends, final)
        m.d.comb += before.eq(word.word_select(lane, layout.size))
        for number, kept in enumerate(gathered):
            with m.If(self.i.valid & (lane == number)):
                m.d.sync += kept.eq(after)

        bits, band_pass = front_end.bits, self._band_pass
        fraction = band_pass.fraction
        x = _saturated(m, "x", self.i.payload - front_end.zero, bits) << fraction
        for number, section in enumerate(band_pass.sections):
            name = f"section{number}"
            state = Signal(before[name].shape(), name=f"{name}_state")
            m.d.comb += state.eq(Mux(fresh, x, before[name]))
            y = self._section(m, name, section, x, state, after[name])
            x = _saturated(m, f"{name}_y", y, bits + fraction)
        half = 0 if band_pass.lags else 1 << (fraction - 1)
        rounded = _saturated(m, "rounded", (x + half) >> fraction, bits)
        filtered = Signal(signed(16), reset_less=True)
        m.d.comb += self.o.payload.eq(filtered)
        m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += filtered.eq(rounded + front_end.zero)
        return m

    def _memory(self, m: Module, gathered: list[Signal], group: Signal, ends: Signal, final: Signal) -> Value:
        """The word that the sample's states are in, out of the memory that keeps them from frame to frame."""
        front_end = self._front_end
        lanes, groups, width = front_end.filter_lanes, front_end.filter_groups, len(Cat(gathered))
        m.submodules.states = memory = SizedMemory(shape=unsigned(width), depth=groups, init=[], single_port=lanes > 1)
        write = memory.write_port()
        # Only words of one channel, and only two of them, are read in the cycle in which they are written.
        read = memory.read_port(transparent_for=[write] if lanes == 1 and groups == 2 else [])
        full, at = Signal(), Signal.like(group)
        m.d.sync += full.eq(self.i.valid & ends)
        with m.If(self.i.valid & ends):
            m.d.sync += at.eq(group)
        m.d.comb += [
            read.addr.eq(Mux(final, 0, group + 1)),
            read.en.eq(self.i.valid & ends),
            write.addr.eq(at),
            write.en.eq(full),
            write.data.eq(Cat(gathered)),
        ]
        return Value.cast(read.data)

    def _section(self, m: Module, name: str, section: FilterSection, x: Value, state: Signal, after: Value) -> Value:
        """What a section gives for ``x``; its state ``after`` that, too."""
        apart = Signal(signed(len(state) + 1), name=f"{name}_apart")
        step = Signal(signed(len(apart) + 1), name=f"{name}_step")
        product = sum(
            (
                apart << exponent if sign > 0 else -(apart << exponent)
                for sign, exponent in signed_digits(section.multiplier)
            ),
            start=Value.cast(0),
        )
        m.d.comb += [
            apart.eq(x - state),
            step.eq(product >> section.shift),
            after.eq(state + step),
        ]
        return apart if section.edge == "low" else ((state << 1) + step) >> 1


def _saturated(m: Module, name: str, value: Value, bits: int) -> Signal:
    """The nearest of what so many bits hold. The bits beyond tell: comparisons would be adders."""
    within = Signal(signed(bits), name=name)
    negative, beyond = value[-1], value[bits - 1 : -1]
    fits = beyond == negative.replicate(len(beyond))
    m.d.comb += within.eq(Mux(fits, value, Cat((~negative).replicate(bits - 1), negative).as_signed()))
    return within
