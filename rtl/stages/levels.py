"""Levels, with classes before them, in hardware."""

from collections.abc import Iterator, Mapping
from typing import Any

from rtl.levels.level_coder import LevelCoder
from rtl.shape.level_plan import LOW_BITS, SIZE_BITS, class_words, level_words, plan_levels
from rtl.shape.level_timing import LevelTiming
from rtl.shape.part import Entry, ParameterWidths, PartTap, PartUnit, Table, table_of
from rtl.shape.plan import QuantizerPart
from rtl.shape.stream import Stream
from rtl.shape.timing_parts import Clock, Shadow
from rtl.shape.work import LayerWork, Work
from rtl.stages.base import Site, lay_out
from spikecae.stages import Levels

__all__ = ["LevelsPart"]


@lay_out.register(Levels)
class LevelsPart(QuantizerPart):
    """A column of latents in registers, a search over the classes, and a level a cycle."""

    work_on = "levels"
    output = None

    def __init__(self, stage: Levels, given: Stream, site: Site) -> None:
        if given.order != "time_channel":
            raise ValueError(f"stage {stage.name}: levels are of latents, which a linear map or a projection makes")
        self.name, self._points = stage.name, site.at_points(stage)
        self._place = f"pipeline.{stage.name}"
        self.plan = plan_levels(self._points, given.elements, site.hardware.fold, loadable=site.loadable)
        self.index_bits, self.golomb_order = self.plan.value_bits, stage.order
        self.macs = self.plan.macs

    @property
    def entry(self) -> Entry:
        """The leveler's input."""
        return Entry(f"{self._place}.leveler", "i")

    @property
    def multipliers(self) -> int:
        """Those that score classes."""
        return self.plan.taps if self.plan.classes else 0

    def component(self, widths: ParameterWidths) -> Any:
        """The unit."""
        return LevelCoder(self.plan)

    def timing(self, clock: Clock, shadows: list[list[Shadow]]) -> LevelTiming:
        """Column by column."""
        return LevelTiming(clock, self.plan)

    def tables(self) -> Mapping[str, Table]:
        """Smallest value and size of each level; elements and bias of each class."""
        plan = self.plan
        levels = [level_words(stage) for stage in self._points]
        found = {"levels": table_of(levels, LOW_BITS + SIZE_BITS, "levels", read_once=False)}
        if plan.classes:
            classes = [class_words(stage, plan) for stage in self._points]
            found["classes"] = table_of(classes, plan.record_bits, "classes", read_once=False, busy=True)
        return found

    def units(self) -> Iterator[PartUnit]:
        """Itself."""
        yield PartUnit(self.name, self._place, self.multipliers, self.macs)

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Levels, where they are grouped."""
        plan = self.plan
        transfers = plan.latents * plan.columns
        grouper = Entry(f"{self._place}.grouper", "i")
        yield PartTap(self.name, grouper, 1, plan.level_bits, True, transfers, "time_channel")

    def storage(self) -> Mapping[str, int]:
        """A column, and the levels of a group."""
        plan = self.plan
        return {"latents": plan.bits * plan.latents, "levels of a group": plan.level_bits * max(plan.groups)}

    def work(self) -> Mapping[Work, float]:
        """Products of latents and classes."""
        return {"search": self.macs * self.plan.bits**2 / 64}

    def layers(self) -> Iterator[LayerWork]:
        """The search, every class read once for each column."""
        plan = self.plan
        yield LayerWork(self.name, self.macs, plan.columns * plan.classes * plan.chunks * plan.record_bits)
