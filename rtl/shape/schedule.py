"""When every transfer of an encoder happens: a model of the handshakes, cycle by cycle, without the data.

Closed formulas are right only where one unit limits all others. Short groups, one shadow set of parameters that is
refilled in pipeline order, a search that is slower than the convolutions, and packets that are sent before the
next one is filled, limit each other; so their rules are simply followed. Cycles in which only counters count are
skipped.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from rtl.shape.schedule_parts import Clock, Convolution, InputBuffer, Loader, Register, Residual, Search, Shadow, Writer

if TYPE_CHECKING:
    from rtl.shape.plan import DotPlan, Plan

__all__ = ["block_period", "first_latency", "residual_delay"]

RESIDUAL_STAGES = 4
"""Samples in a residual block's convolutions and registers, whatever their kernel."""
MOST_BLOCKS = 16
"""Blocks simulated at most, where the period does not repeat exactly."""


def residual_delay(plan: "DotPlan") -> int:
    """Samples that the queue around a residual block's convolutions holds, from its middle one.

    Three in the convolutions, the window's look-ahead, and pipeline registers: two each behind reduce and conv, and
    one before expand's, count in samples of ``period`` cycles.
    """
    return plan.layer.kernel // 2 + RESIDUAL_STAGES + -(-6 // plan.period)


class _Encoder:
    """All units of a plan, from the first beat to the last byte."""

    def __init__(self, plan: "Plan", code_bits: Sequence[float]) -> None:
        self._clock = clock = Clock()
        weights = [Shadow(words) for words in plan.weight_words]
        parameters = [Shadow(words) for words in plan.parameter_words]
        self._loaders = [Loader(clock, weights), Loader(clock, parameters)]
        sets = [[w, p] for w, p in zip(weights, parameters, strict=False)]
        conv, *inner = [
            Convolution(clock, dot, shadows, requantized=True)
            for dot, shadows in zip(plan.requantized, sets, strict=True)
        ]
        self._input = InputBuffer(clock, plan.spec.spikes, plan.spec.samples, plan.groups)
        self._units: list[Convolution | Residual | Register | Search] = [conv]
        for number, block in enumerate(plan.blocks):
            self._units.append(Residual(inner[3 * number : 3 * number + 3], residual_delay(block.conv)))
            if block.pool > 1:
                self._units.append(Register(clock, block.pool))
        self._units.append(Convolution(clock, plan.project, [weights[-1]], requantized=False))
        self._units.append(Search(clock, plan))
        self._writer = Writer(clock, plan.spec.spikes, code_bits)
        self._run(0)  # all parameters that can be are loaded before the first spike comes

    def _run(self, blocks: int) -> None:
        """Feed blocks, and go on until the first of them has left, or nothing moves."""
        self._input.blocks += blocks
        frames = len(self._writer.ends) + (blocks > 0)
        sources = [self._input, *self._units[:-1]]
        while True:
            ready = self._writer.step(self._units[-1].valid)
            for unit, source in zip(reversed(self._units), reversed(sources), strict=True):
                ready = unit.step(ready, source.valid)
            self._input.step(ready)
            for loader in self._loaders:
                loader.step()
            if not self._clock.advance():
                if blocks:
                    raise RuntimeError(f"the schedule is stuck in cycle {self._clock.cycle}: a rule of it is wrong")
                return
            if blocks and len(self._writer.ends) >= frames:
                return

    def latency(self) -> int:
        """Cycles from a block's last beat to its last byte."""
        self._run(1)
        return self._writer.ends[0] - self._input.last_beats[0]

    def period(self) -> float:
        """Cycles from block to block, once the pipeline is filled."""
        intervals: list[int] = []
        self._input.blocks = MOST_BLOCKS  # always more than can be taken
        while len(intervals) < MOST_BLOCKS - 1:
            self._run(1)
            intervals = [late - early for early, late in pairwise(self._writer.ends)]
            if len(intervals) > 2 and intervals[-1] == intervals[-2] == intervals[-3]:
                return intervals[-1]
        steady = intervals[MOST_BLOCKS // 2 :]
        return sum(steady) / len(steady)


def block_period(plan: "Plan", code_bits: Sequence[float]) -> int:
    """Cycles from block to block at full rate, packets of one block each.

    Args:
        plan: the shape.
        code_bits: length of every sub-vector's code, on average.
    """
    return ceil(_Encoder(plan, code_bits).period())


def first_latency(plan: "Plan", code_bits: Sequence[float]) -> int:
    """Cycles from a block's last beat to the last byte of its packet, on an idle chip; arguments as before."""
    return _Encoder(plan, code_bits).latency()
