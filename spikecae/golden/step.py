"""How the golden model runs a stage: what each kind's file registers.

Transforms run in floats, every value of which is an exact integer, scaled. Activations are (groups, channels of the
group, blocks, samples), so that each channel is a row of a product's operand, and every stage writes its output into
the operand of the next one.
"""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import Integers
from spikecae.stages.base import Coder, Quantizer, Source, Symbols, Transform, Values

__all__ = ["Floats", "Prepared", "Step", "bits_of", "prepare", "quantize", "quantizer_taps", "read_source"]

Floats = NDArray[np.floating[Any]]


class Step(Protocol):
    """A transform with its buffers for a certain number of blocks."""

    entry: Floats
    """Where the stage before writes to, (groups, channels of the group, blocks, samples)."""

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        """Work on what is in ``entry``; the name and values of every tap, the last of them in ``out``."""


class Prepared(Protocol):
    """A transform made ready: what does not depend on the number of blocks."""

    largest: int
    """No integer on its way is larger, in any order of summing."""
    widest: int
    """Values of a block that its products take at once."""

    def step(self, blocks: int, dtype: type[np.floating[Any]], scratch: Floats) -> Step:
        """With buffers for so many blocks; ``scratch`` is shared by all steps, ``blocks · widest`` values at least."""


@singledispatch
def prepare(stage: Transform, given: Values) -> Prepared:
    """Make a transform ready for values like those given.

    Raises:
        TypeError: no file here knows this kind.
    """
    raise TypeError(f"the golden model does not know stages of kind {stage.kind!r}")


@singledispatch
def read_source(stage: Source, adc: NDArray[np.int16]) -> Integers:
    """Values of ADC codes (..., D).

    Raises:
        TypeError: no file here knows this kind.
    """
    raise TypeError(f"the golden model does not know stages of kind {stage.kind!r}")


@singledispatch
def quantize(stage: Quantizer, latents: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Indices (blocks, positions) of latents (blocks, channels · samples), channel after channel.

    Raises:
        TypeError: no file here knows this kind.
    """
    raise TypeError(f"the golden model does not know stages of kind {stage.kind!r}")


@singledispatch
def quantizer_taps(stage: Quantizer, indices: NDArray[np.int32]) -> dict[str, Integers]:
    """Taps of a quantizer that chose ``indices`` (blocks, positions): by default the indices themselves."""
    return {stage.name: indices.astype(np.int64)}


@singledispatch
def bits_of(stage: Coder, indices: NDArray[np.int32], symbols: Symbols) -> tuple[list[bytes], NDArray[np.int64]]:
    """Coded bits of indices (blocks, positions): each block's bytes, zero-padded, and its bits without the padding.

    Raises:
        TypeError: no file here knows this kind.
    """
    raise TypeError(f"the golden model does not know stages of kind {stage.kind!r}")
