"""What memories hold: one integer per word, the first field in the lowest bits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl.shape.products import DotPlan, ceil_div

__all__ = ["HUFFMAN_BITS", "SHIFT_BITS", "Image", "join", "parameter_words", "weight_words"]

SHIFT_BITS = 5
"""Width of every shift field: shifts lie in 0..31."""
HUFFMAN_BITS = 20
"""Of an entry of a code table: the length less one, and the code word, left-aligned."""


@dataclass(frozen=True)
class Image:
    """Contents of one memory."""

    words: list[int]
    width: int


def join(fields: Iterable[tuple[int, int]]) -> int:
    """Concatenate (value, bits) fields, the first in the lowest bits."""
    word, place = 0, 0
    for value, bits in fields:
        word |= (int(value) & ((1 << bits) - 1)) << place
        place += bits
    return word


def weight_words(products: Sequence[DotPlan], groups: int, port_bits: int) -> list[int]:
    """Weights in the order they are loaded: group after group, product after product, step after step."""
    words: list[int] = []
    for group in range(groups):
        for product in products:
            fields = _steps(product, group)
            for run in fields if product.direct else fields.reshape(1, -1):
                packed = _packed(run, product.weight_bits)
                words += [
                    int.from_bytes(packed[at : at + port_bits // 8], "little")
                    for at in range(0, len(packed), port_bits // 8)
                ]
    return words


def _steps(product: DotPlan, group: int) -> NDArray[np.int8]:
    """One group's weights, (step, lane and tap), zero where a step is not full."""
    padded = np.zeros((product.output_steps * product.lanes, product.input_steps * product.taps), dtype=np.int8)
    padded[: product.outputs, : product.inputs] = product.group_weight(group)
    steps = padded.reshape(product.output_steps, product.lanes, product.input_steps, product.taps)
    return steps.transpose(0, 2, 1, 3).reshape(product.steps, product.multipliers)


def _packed(weights: NDArray[np.int8], bits: int) -> bytes:
    """Weights of so many bits without gaps."""
    fields = np.unpackbits(weights.reshape(-1, 1).view(np.uint8), axis=1, count=bits, bitorder="little")
    return np.packbits(fields, bitorder="little").tobytes()


def parameter_words(products: Sequence[DotPlan], groups: int, bias_bits: int, per_word: int) -> list[int]:
    """Bias, shift and identity shift of each output channel, in the order of the weights."""
    widths = (bias_bits, SHIFT_BITS, SHIFT_BITS)
    words = []
    for group in range(groups):
        for product in products:
            entries = [join(zip(entry, widths, strict=True)) for entry in product.entries(group)]
            for n in range(ceil_div(len(entries), per_word)):
                part = entries[n * per_word : (n + 1) * per_word]
                words.append(join((entry, sum(widths)) for entry in part))
    return words
