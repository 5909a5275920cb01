"""Golden Huffman coder."""

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.huffman import code_words, encode_blocks
from spikecae.golden.step import bits_of
from spikecae.stages.base import Symbols
from spikecae.stages.huffman import Huffman

__all__ = ["code"]


@bits_of.register
def code(stage: Huffman, indices: NDArray[np.int32], symbols: Symbols) -> tuple[list[bytes], NDArray[np.int64]]:
    """Each block's code words, one after the other."""
    _, lengths = code_words(indices, stage.tables, symbols)
    return encode_blocks(indices, stage.tables, symbols), lengths.sum(axis=1)
