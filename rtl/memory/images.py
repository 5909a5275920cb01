"""What the encoder's memories hold: one integer per word, the first field in the lowest bits."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rtl.shape.plan import DotPlan, Plan
from rtl.shape.search_plan import search_bias
from spikecae.stages import Residual

__all__ = ["HUFFMAN_BITS", "SHIFT_BITS", "Image", "huffman_starts", "parameter_bits", "parameter_images"]

HUFFMAN_BITS = 20
SHIFT_BITS = 5
"""Width of every shift field: shifts lie in 0..31."""


@dataclass(frozen=True)
class Image:
    """Contents of one memory."""

    words: list[int]
    width: int


def parameter_images(plan: Plan) -> dict[str, Image]:
    """All of an encoder's parameter memories by name."""
    lanes, entry = plan.project.lanes, parameter_bits(plan)[1]
    return {
        "normalization": Image(normalization_words(plan), 32 + SHIFT_BITS),
        "weights": Image(weight_words(plan), plan.port_bits),
        "parameters": Image(parameter_words(plan), entry * plan.parameters_per_word),
        "latents": Image(project_words(plan), lanes * (plan.project_bias_bits + SHIFT_BITS)),
        "codebook": Image(codebook_words(plan), 8 * plan.search.port_bytes),
        "huffman": Image(huffman_words(plan), HUFFMAN_BITS),
    }


def _join(fields: Iterable[tuple[int, int]]) -> int:
    """Concatenate (value, bits) fields, the first in the lowest bits."""
    word, place = 0, 0
    for value, bits in fields:
        word |= (int(value) & ((1 << bits) - 1)) << place
        place += bits
    return word


def weight_words(plan: Plan) -> list[int]:
    """Weights in the order they are loaded: group after group, unit after unit, step after step."""
    words: list[int] = []
    for group in range(plan.groups):
        for dot in plan.dots:
            words += _pack(_step_bytes(dot, group), plan.port_bits // 8)
    return words


def _step_bytes(dot: DotPlan, group: int) -> bytes:
    """One group's weights, (output step, input step, lane, tap) without gaps, zero where a step is not full."""
    padded = np.zeros((dot.output_steps * dot.lanes, dot.input_steps * dot.taps), dtype=np.int8)
    padded[: dot.outputs, : dot.inputs] = dot.group_weight(group)
    steps = padded.reshape(dot.output_steps, dot.lanes, dot.input_steps, dot.taps)
    weights = steps.transpose(0, 2, 1, 3).reshape(-1, 1).view(np.uint8)
    bits = np.unpackbits(weights, axis=1, count=dot.weight_bits, bitorder="little")
    return np.packbits(bits, bitorder="little").tobytes()


def _pack(data: bytes, size: int) -> list[int]:
    return [int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size)]


def parameter_bits(plan: Plan) -> tuple[int, int]:
    """Width of a bias, and of a whole entry (bias, shift, identity shift)."""
    return plan.bias_bits, plan.bias_bits + 2 * SHIFT_BITS


def parameter_words(plan: Plan) -> list[int]:
    """Bias, shift and identity shift of each output channel, in the order of the weights."""
    bias_bits, entry_bits = parameter_bits(plan)
    identity = {
        block.expand.name: stage.identity_shift
        for block, stage in zip(plan.blocks, (s for s in plan.spec.stages if isinstance(s, Residual)), strict=True)
    }
    words = []
    for group in range(plan.groups):
        for dot in plan.requantized:
            channels = range(group * dot.outputs, (group + 1) * dot.outputs)
            shifts = identity.get(dot.name, np.zeros(dot.layer.outputs, dtype=np.int64))
            entries = [
                _join(
                    [
                        (dot.layer.bias[channel], bias_bits),
                        (dot.layer.shift[channel], SHIFT_BITS),
                        (shifts[channel], SHIFT_BITS),
                    ]
                )
                for channel in channels
            ]
            size = plan.parameters_per_word
            for at in range(0, len(entries), size):
                words.append(_join((entry, entry_bits) for entry in entries[at : at + size]))
    return words


def project_words(plan: Plan) -> list[int]:
    """Bias and shift of the last convolution, ``lanes`` outputs a word."""
    dot = plan.project
    bits = plan.project_bias_bits
    words = []
    for step in range(dot.output_steps):
        outputs = range(step * dot.lanes, min((step + 1) * dot.lanes, dot.outputs))
        fields = [field for n in outputs for field in ((dot.layer.bias[n], bits), (dot.layer.shift[n], SHIFT_BITS))]
        words.append(_join(fields))
    return words


def codebook_words(plan: Plan) -> list[int]:
    """Records (bias, codeword), pass after pass, each padded to whole words."""
    search = plan.search
    port_bits = 8 * search.port_bytes
    words = []
    for search_pass in search.passes:
        book = plan.spec.vq.codebooks[search_pass.codebook]
        for bias, word in zip(search_bias(book, search.products), book.words, strict=True):
            record = _join([(bias, search.bias_bits), *((value, search.bits) for value in word)])
            words += [(record >> (i * port_bits)) & ((1 << port_bits) - 1) for i in range(search.record_words)]
    return words


def huffman_words(plan: Plan) -> list[int]:
    """(length - 1, left-aligned code) of every symbol, table after table."""
    huffman = plan.spec.huffman
    return [
        _join([(length - 1, 4), (code << (16 - length), 16)])
        for table, lengths in enumerate(huffman.tables)
        for code, length in zip(huffman.codes(table).tolist(), lengths.tolist(), strict=True)
    ]


def huffman_starts(plan: Plan) -> list[int]:
    """Where the code table of each sub-vector starts."""
    sizes = [0, *(table.size for table in plan.spec.huffman.tables)]
    starts = np.cumsum(sizes).tolist()
    return [starts[table] for table in plan.spec.table_of]


def normalization_words(plan: Plan) -> list[int]:
    """(offset, gain, shift) of each sample; the shift is the same for all."""
    stage = plan.spec.normalize
    return [
        _join([(o, 16), (g, 16), (stage.shift, SHIFT_BITS)])
        for o, g in zip(stage.offset.tolist(), stage.gain.tolist(), strict=True)
    ]
