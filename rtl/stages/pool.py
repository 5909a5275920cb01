"""Max pool in hardware."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rtl.shape.part import Entry, ParameterWidths, PartTap, PartUnit, TransformPart
from rtl.shape.stream import Stream
from rtl.shape.timing_parts import Clock, Register, Shadow
from rtl.stages.base import Site, lay_out
from rtl.units.max_pool import MaxPool
from spikecae.stages import Pool

__all__ = ["PoolPart"]


@lay_out.register(Pool)
class PoolPart(TransformPart):
    """A register for each channel of a group; nothing where the pool has one sample."""

    work_on = "convolutions"
    multipliers = 0

    def __init__(self, stage: Pool, given: Stream, site: Site) -> None:
        if given.order != "group_time_channel" or given.signed:
            raise ValueError(f"stage {stage.name}: a pool must come behind the first convolution, before the last")
        self.name, self._size, self._given, self._groups = stage.name, stage.size, given, site.groups
        self._place = f"pipeline.{stage.name}"
        self.output = replace(given, samples=given.samples // stage.size, period=given.period * stage.size)

    @property
    def entry(self) -> Entry:
        """Its input."""
        return Entry(self._place, "i")

    def component(self, widths: ParameterWidths) -> Any:
        """The unit."""
        return MaxPool(self._given.elements, self._size, self._given.bits) if self._size > 1 else None

    def timing(self, clock: Clock, shadows: list[list[Shadow]]) -> Register | None:
        """An output behind each last sample."""
        return Register(clock, self._size) if self._size > 1 else None

    def units(self) -> Iterator[PartUnit]:
        """Itself."""
        if self._size > 1:
            yield PartUnit(self.name, self._place)

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Its outputs."""
        if self._size > 1:
            yield PartTap(
                stage=self.name,
                entry=Entry(self._place, "o"),
                elements=self._given.elements,
                width=self._given.bits,
                signed=False,
                transfers=self._groups * (self._given.samples // self._size),
                order="group_time_channel",
            )

    def storage(self) -> Mapping[str, int]:
        """Its register."""
        return {"pools": self._given.bits * self._given.elements if self._size > 1 else 0}
