"""The transforms of a spec, one after the other, a few blocks at a time.

Sums are exact as long as no integer on their way takes more bits than a significand has: 24 in float32, which the
stages prove, or else float64 is used.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.golden.step import Floats, Step, prepare
from spikecae.spec import EncoderSpec

__all__ = ["Network"]

CACHED_VALUES = 1 << 18
"""Values of the widest activation worked on at a time: what a core's own cache holds."""
EXACT_IN_FLOAT32 = 1 << 24


class Network:
    """The stages from the normalized block to the latents, ready to run.

    Works in buffers of its own: one thread at a time.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        given = spec.source.output(spec.spikes, spec.samples)
        self._entry = given
        self._stages = []
        for stage in spec.transforms:
            self._stages.append(prepare(stage, given))
            given = stage.output(given)
        self._latents = given
        exact = max((stage.largest for stage in self._stages), default=0) <= EXACT_IN_FLOAT32
        self._dtype: type[np.floating[Any]] = np.float32 if exact else np.float64
        self._widest = max([self._entry.channels * self._entry.samples, *(stage.widest for stage in self._stages)])
        self.blocks_at_a_time = max(1, CACHED_VALUES // self._widest)

    def run(self, x: NDArray[np.integer[Any]]) -> Iterator[tuple[slice, str, Floats]]:
        """Every stage's output for normalized blocks (blocks, M, D), a few blocks after the other.

        Yields:
            Which blocks; the name of the tap; its values (groups, channels of the group, blocks, samples), which hold
            until the next is asked for. The latents come last.
        """
        for first in range(0, max(1, len(x)), self.blocks_at_a_time):
            part = slice(first, min(first + self.blocks_at_a_time, len(x)))
            blocks = part.stop - part.start
            steps, latents = self._whole_chunk if blocks == self.blocks_at_a_time else self._steps(blocks)
            entries = [step.entry for step in steps] + [latents]
            np.copyto(entries[0], x[part].transpose(1, 0, 2).reshape(entries[0].shape))
            for step, out in zip(steps, entries[1:], strict=True):
                for name, tap in step.run(out):
                    yield part, name, tap

    @cached_property
    def _whole_chunk(self) -> tuple[list[Step], Floats]:
        return self._steps(self.blocks_at_a_time)

    def _steps(self, blocks: int) -> tuple[list[Step], Floats]:
        """All stages with buffers for so many blocks, and where the latents come to lie."""
        scratch = np.empty(self._widest * blocks, self._dtype)
        steps = [stage.step(blocks, self._dtype, scratch) for stage in self._stages]
        return steps, np.empty((1, self._latents.channels, blocks, self._latents.samples), self._dtype)
