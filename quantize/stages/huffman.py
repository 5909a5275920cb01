"""The code tables."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from quantize.stages.base import CODER
from spikecae.stages import Huffman

__all__ = ["build_coder"]


def build_coder(lengths: Iterable[NDArray[np.uint8]]) -> Huffman:
    """``huffman``, of code lengths ``[K]`` for each table."""
    return Huffman(CODER, tuple(lengths))
