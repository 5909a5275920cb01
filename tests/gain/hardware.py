"""Its hardware: a table of gains, a multiplier for each lane, and a register."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead
from rtl.shape.images import SHIFT_BITS, Image, join
from rtl.shape.part import Entry, ParameterWidths, PartTap, PartUnit, Table, TransformPart
from rtl.shape.products import ceil_div
from rtl.shape.stream import Stream
from rtl.shape.work import LayerWork, Work
from rtl.stages.base import Site, lay_out
from rtl.units.requantizer import requantize
from tests.gain.stage import Gain

GAIN_BITS = 8


class GainUnit(wiring.Component):
    """Every transfer takes two cycles: its gains are fetched, then it is multiplied."""

    def __init__(self, given: Stream, bits: int) -> None:
        self._given, self._bits = given, bits
        self._steps = ceil_div(given.channels, given.elements)
        super().__init__(
            {
                "table": Out(MemoryRead(self._steps, given.elements * (GAIN_BITS + SHIFT_BITS))),
                "i": In(stream.Signature(data.ArrayLayout(signed(given.bits), given.elements))),
                "o": Out(stream.Signature(data.ArrayLayout(signed(bits), given.elements))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step, fetched = Signal(range(max(2, self._steps))), Signal()
        held = Signal(self.o.payload.shape(), reset_less=True)
        layout = data.ArrayLayout(unsigned(GAIN_BITS + SHIFT_BITS), self._given.elements)
        entry = data.View(layout, self.table.data)
        m.d.comb += [
            self.table.addr.eq(step),
            self.table.en.eq(~fetched),
            self.i.ready.eq(fetched & (~self.o.valid | self.o.ready)),
            self.o.payload.eq(held),
        ]
        with m.If(~fetched):
            m.d.sync += fetched.eq(1)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [fetched.eq(0), self.o.valid.eq(1), step.eq(Mux(step == self._steps - 1, 0, step + 1))]
        for lane in range(self._given.elements):
            product = Signal(signed(self._given.bits + GAIN_BITS), name=f"product{lane}")
            m.d.comb += product.eq(self.i.payload[lane] * entry[lane][:GAIN_BITS].as_signed())
            result = requantize(m, f"q{lane}", product, entry[lane][GAIN_BITS:], self._bits, relu=False)
            with m.If(self.i.valid & self.i.ready):
                m.d.sync += held[lane].eq(result)
        return m


class GainTiming:
    """As the unit."""

    def __init__(self, clock) -> None:
        self._clock, self._fetched, self.valid = clock, False, False

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        ready = self._fetched and (out_ready or not self.valid)
        if not self._fetched:
            self._fetched = self._clock.moved = True
        if in_valid and ready:
            self.valid, self._fetched, self._clock.moved = True, False, True
        elif out_ready and self.valid:
            self.valid, self._clock.moved = False, True
        return ready


@lay_out.register(Gain)
class GainPart(TransformPart):
    work_on = "gain"

    def __init__(self, stage: Gain, given: Stream, site: Site) -> None:
        self.name, self._stage, self._given = stage.name, stage, given
        self._place = f"pipeline.{stage.name}"
        self.output = replace(given, bits=stage.bits)

    @property
    def entry(self) -> Entry:
        return Entry(self._place, "i")

    @property
    def multipliers(self) -> int:
        return self._given.elements

    @property
    def _macs(self) -> int:
        return self._given.channels * self._given.samples

    def component(self, widths: ParameterWidths) -> Any:
        return GainUnit(self._given, self._stage.bits)

    def timing(self, clock, shadows) -> GainTiming:
        return GainTiming(clock)

    def tables(self) -> Mapping[str, Table]:
        stage, lanes = self._stage, self._given.elements
        pairs = list(zip(stage.gain.tolist(), stage.shift.tolist(), strict=True))
        words = [
            join(field for gain, shift in pairs[at : at + lanes] for field in ((gain, GAIN_BITS), (shift, SHIFT_BITS)))
            for at in range(0, len(pairs), lanes)
        ]
        return {"gains": Table(Image(words, lanes * (GAIN_BITS + SHIFT_BITS)), "table", read_once=False)}

    def units(self) -> Iterator[PartUnit]:
        yield PartUnit(self.name, self._place, self.multipliers, self._macs)

    def taps(self, following: Entry) -> Iterator[PartTap]:
        given = self._given
        yield PartTap(self.name, following, given.elements, self._stage.bits, True, given.transfers, "time_channel")

    def storage(self) -> Mapping[str, int]:
        return {"gains": self._stage.bits * self._given.elements}

    def work(self) -> Mapping[Work, float]:
        return {"moving": self._macs * GAIN_BITS * self._given.bits / 64}

    def layers(self) -> Iterator[LayerWork]:
        yield LayerWork(self.name, self._macs, self._given.channels * GAIN_BITS * self._given.samples)
