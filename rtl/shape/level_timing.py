"""When the units that make levels and symbols transfer: part of :mod:`rtl.shape.timing`."""

from rtl.shape.level_plan import LevelPlan
from rtl.shape.timing_parts import Clock, Counter

__all__ = ["LevelTiming"]


class Leveling(Counter):
    """:class:`rtl.levels.leveler.Leveler`."""

    def __init__(self, clock: Clock, plan: LevelPlan) -> None:
        self._clock, self._plan = clock, plan
        self._state = "fill"
        self._taken, self._at = 0, 0

    @property
    def valid(self) -> bool:
        """A level is offered."""
        return self._state == "level"

    @property
    def chosen(self) -> bool:
        """A class is."""
        return self._state == "class"

    def step(self, level_ready: bool, class_ready: bool, in_valid: bool) -> bool:
        plan, clock = self._plan, self._clock
        ready = self._state == "fill"
        walk = "fetch" if plan.classes else "level"
        if ready and in_valid:
            clock.moved = True
            self._taken = (self._taken + 1) % plan.transfers
            if self._taken == 0:
                self._state, self.left = ("search", plan.classes * plan.chunks + 1) if plan.classes else (walk, 1)
        elif self._state == "search":
            if clock.count(self):
                self._state = "class"
        elif self._state == "class" and class_ready:
            self._state, clock.moved = "fetch", True
        elif self._state == "fetch":
            self._state, clock.moved = "level", True
        elif self._state == "level" and level_ready:
            clock.moved = True
            self._at = (self._at + 1) % plan.latents
            if self._at == 0:
                self._state = "fill"
            elif self._at % plan.taps == 0:
                self._state = walk
        return ready


class LevelTiming:
    """:class:`rtl.levels.level_coder.LevelCoder`, of levels that all lie in their groups' boxes."""

    def __init__(self, clock: Clock, plan: LevelPlan) -> None:
        self._clock, self._plan = clock, plan
        self._leveling = Leveling(clock, plan)
        self._first = "class" if plan.classes else "levels"
        self._state = self._first
        self._fetched = False
        self._at = 0

    @property
    def valid(self) -> bool:
        """A symbol is offered."""
        return self._state == "symbol" or (self._state == "class" and self._leveling.chosen)

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        """One cycle; whether latents are taken."""
        plan, clock, leveling = self._plan, self._clock, self._leveling
        state, level, chosen = self._state, leveling.valid, leveling.chosen
        level_ready, class_ready = state == "levels" and self._fetched, state == "class" and out_ready
        if not self._fetched:
            self._fetched = clock.moved = True
        if state == "class" and chosen and out_ready:
            self._state, clock.moved = "levels", True
        elif state == "levels" and level and level_ready:
            clock.moved = True
            if self._at in plan.ends:
                self._state = "symbol"
            self._at = (self._at + 1) % plan.latents
        elif state == "symbol" and out_ready:
            self._state, clock.moved = self._first if self._at == 0 else "levels", True
        return leveling.step(level_ready, class_ready, in_valid)
