"""When every transfer of an encoder happens: a model of the handshakes, cycle by cycle, without the data.

Closed formulas are right only where one unit limits all others. Short groups, one shadow set of parameters that is
refilled in pipeline order, a search that is slower than the convolutions, and packets that are sent before the
next one is filled, limit each other; so their rules are simply followed. Cycles in which only counters count are
skipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from rtl.shape.feed import Feed
from rtl.shape.input_timing import InputBuffer
from rtl.shape.timing_parts import Clock, Loader, Shadow, TimingPart, Writer

__all__ = ["Timing"]

MOST_BLOCKS = 16
"""Blocks simulated at most, where the period does not repeat exactly."""

Chain = Callable[[Clock, list[Shadow], list[Shadow]], list[TimingPart]]
"""The units between input buffer and writer, made on a clock with shadow registers for weights and for parameters."""


@dataclass(frozen=True)
class Timing:
    """How an encoder's units wait for each other.

    Args:
        feed: size of a block, and how it is walked.
        weight_words, parameter_words: memory words of a group's weights, and of its biases and shifts, product by
            product.
        chain: makes the units.
    """

    feed: Feed
    weight_words: Sequence[int]
    parameter_words: Sequence[int]
    chain: Chain

    def block_period(self, code_bits: Sequence[float]) -> int:
        """Cycles from block to block at full rate, packets of one block each, every code so many bits on average."""
        return ceil(_Encoder(self, code_bits).period())

    def first_latency(self, code_bits: Sequence[float]) -> int:
        """Cycles from a block's last beat to the last byte of its packet, on an idle chip; codes as before."""
        return _Encoder(self, code_bits).latency()


class _Encoder:
    """All units, from the first beat to the last byte."""

    def __init__(self, shape: Timing, code_bits: Sequence[float]) -> None:
        self._clock = clock = Clock()
        weights = [Shadow(words) for words in shape.weight_words]
        parameters = [Shadow(words) for words in shape.parameter_words]
        self._loaders = [Loader(clock, shadows) for shadows in (weights, parameters) if shadows]
        self._input = InputBuffer(clock, shape.feed)
        self._units = shape.chain(clock, weights, parameters)
        self._writer = Writer(clock, shape.feed.spikes, code_bits)
        self._run(0)  # all parameters that can be are loaded before the first spike comes

    def _run(self, blocks: int) -> None:
        """Feed blocks, and go on until the first of them has left, or nothing moves."""
        self._input.blocks += blocks
        frames = len(self._writer.ends) + (blocks > 0)
        sources: list[InputBuffer | TimingPart] = [self._input, *self._units[:-1]]
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
