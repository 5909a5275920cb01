"""Specs that no training would make: every list of stages, every shape and every number that a spec may have."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikecae.bitstream.huffman import code_lengths
from spikecae.canonical_code import MAX_LENGTH
from spikecae.limits import KERNELS, MOST_CODEWORDS, MOST_FEATURES, MOST_PER_GROUP, MOST_SAMPLES, MOST_SPIKES
from spikecae.spec import EncoderSpec
from spikecae.stages import (
    Classes,
    Codebook,
    Convolution,
    Huffman,
    LevelGroup,
    Levels,
    Linear,
    Normalize,
    Pool,
    Project,
    Quantizer,
    Residual,
    Stage,
    SubVector,
    Values,
    VectorQuantizer,
)
from spikecae.stages.checks import MAX_EXPONENT, MAX_SHIFT
from spikecae.stages.levels import MOST_FRACTION, MOST_IN_GROUP
from spikecae.widths import integer_range

SAMPLES = (1, 2, 3, 4, 8, 16, 48, MOST_SAMPLES)
CODEWORDS = (1, 2, 3, 16, 256, MOST_CODEWORDS)


class AnySpec:
    """Draws a spec from a seed; of every other one the hardware knows the list of stages."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.known = seed % 2 == 0
        self.groups = self.choose(1, 1, 2, 4, 8)

    def choose(self, *values: Any) -> Any:
        return values[self.rng.integers(len(values))]

    def sometimes(self, chance: float = 0.1) -> bool:
        return bool(self.rng.random() < chance)

    def integers(self, low: int, high: int, shape: Any, dtype: type) -> np.ndarray:
        """Anywhere in a range, now and then only at its ends."""
        if self.sometimes():
            return np.full(shape, self.choose(low, high), dtype)
        return self.rng.integers(low, high + 1, shape).astype(dtype)

    def convolution(self, name: str, given: Values, outputs: int, groups: int = 1, **fields: Any) -> Convolution:
        relu, kernel, kind = fields.get("relu", True), fields.get("kernel", 1), fields.get("kind", Convolution)
        shift = (
            self.integers(0, MAX_SHIFT, outputs, np.int64)
            if self.sometimes()
            else self.integers(6, 9, outputs, np.int64)
        )
        exponent = int(np.clip(given.exponent + self.choose(-2, 0, 1, 40), -MAX_EXPONENT, MAX_EXPONENT))
        bias = 2**31 - 1 if self.sometimes() else 2000
        return kind(
            name=name,
            weight=self.integers(-128, 127, (outputs, given.channels // groups, kernel), np.int8),
            bias=self.integers(-bias - 1, bias, outputs, np.int32),
            weight_exponent=(shift - given.exponent + exponent).clip(-128, 127).astype(np.int8),
            input_exponent=given.exponent,
            exponent=exponent,
            groups=groups,
            input_signed=given.signed,
            relu=relu,
            input_bits=given.bits,
            output_bits=self.choose(*fields.get("bits", (8, 8, 5, 2))),
        )

    def transform(self, name: str, given: Values, number: int) -> Stage:
        kinds = ["conv"] if number == 0 else ["residual", "pool"]
        kind = self.choose(*(kinds if self.known else ["conv", "residual", "pool", "project"]))
        kernel = self.choose(*KERNELS)
        if kind == "pool":
            return Pool(name, self.choose(*(size for size in (1, 2, 3, 4, given.samples) if given.samples % size == 0)))
        if kind == "project":
            return self.convolution(name, given, self.choose(1, 2, 16, 128), kind=Project, relu=False, kernel=kernel)
        if kind == "conv":
            outputs = self.groups * self.choose(1, 2, 4)
            grouped = not self.known and given.channels % self.groups == 0
            grouped = grouped and given.channels // self.groups <= MOST_PER_GROUP
            return self.convolution(
                name,
                given,
                outputs,
                self.groups if grouped else 1,
                kernel=1 if self.known else kernel,
                relu=self.known or not self.sometimes(),
            )
        groups = self.groups if given.channels % self.groups == 0 else given.channels
        groups = groups if given.channels // groups <= MOST_PER_GROUP else given.channels
        narrow, relu = groups * self.choose(1, 2, 3), self.known or not self.sometimes()
        reduce = self.convolution(f"{name}.reduce", given, narrow, groups)
        after = reduce.output(given)
        wider = narrow if self.known or not self.sometimes() else 2 * narrow
        conv = self.convolution(f"{name}.conv", after, wider, groups, kernel=kernel)
        expand = self.convolution(f"{name}.expand", conv.output(after), given.channels, groups, relu=relu)
        return Residual(name, reduce, conv, expand)

    def linear(self, name: str, given: Values) -> Linear:
        """Of each channel by itself, or of all of them together."""
        inputs = self.choose(given.samples, given.channels * given.samples)
        rows, bits = replace(given, channels=inputs), (12, 10, 8, 5, 2)
        return self.convolution(name, rows, self.choose(1, 2, 5, 16), kind=Linear, relu=False, bits=bits)

    def levels(self, given: Values) -> tuple[Levels, Huffman]:
        fraction = self.choose(0, 1, 3, MOST_FRACTION)
        rounding = self.choose(0, (1 << fraction) >> 1, (1 << fraction) >> 2)
        groups, left, boxes = list[LevelGroup](), given.channels, dict[int, int]()
        while left:
            sizes = [int(self.rng.integers(1, self.choose(2, 4, 30)))]
            while len(sizes) < min(left, self.choose(1, 2, 4, MOST_IN_GROUP)) and np.prod(sizes) < MOST_CODEWORDS // 8:
                sizes.append(int(self.rng.integers(1, self.choose(2, 4, 8))))
            low = [-(size // 2) + self.choose(0, 0, 1, -5) for size in sizes]
            symbols = int(np.prod(sizes)) + 1
            table = boxes.setdefault(symbols, len(boxes))
            groups.append(LevelGroup(np.array(low, np.int8), np.array(sizes, np.uint8), table))
            left -= len(sizes)
        classes: tuple[Classes, ...] = ()
        if self.sometimes(0.5):
            low, high = integer_range(self.choose(given.bits, 12), signed=True)
            words = self.integers(low, high, (self.choose(2, 3, 16), given.channels), np.int16)
            bias = self.integers(0, 2**31 - 1, len(words), np.int32)
            squares = (words.astype(np.int64) ** 2).sum(axis=1).clip(0, 2**31 - 1).astype(np.int32)
            table = boxes.setdefault(len(words), len(boxes))
            classes = (Classes(words, bias if self.sometimes() else squares, table),)
        lengths = tuple(code_lengths(self.rng.pareto(1.0, symbols) * 100) for symbols in boxes)
        fields = ("levels", given.exponent, given.bits, given.samples, fraction, rounding)

        def made(order: int) -> Levels:
            return Levels(*fields, order, classes, tuple(groups))

        orders = [order for order in range(13) if made(order).symbols.golomb_bits <= MAX_LENGTH]
        return made(self.choose(*(range(13) if self.sometimes() else orders))), Huffman("huffman", lengths)

    def quantizer(self, given: Values) -> tuple[Quantizer, Huffman]:
        few = given.samples * given.channels < MOST_FEATURES * MOST_IN_GROUP
        if not self.known and given.signed and few and self.sometimes(0.5):
            return self.levels(given)
        latents = given.channels * given.samples
        low, high = integer_range(min(given.bits, 8), signed=True)
        books, table = [], []
        for number in range(self.choose(1, 1, 1, 2, 3)):
            length = min(latents, MOST_SAMPLES, self.choose(given.samples, 1, 2, 7, MOST_SAMPLES))
            words = self.integers(low, high, (self.choose(*CODEWORDS), length), np.int8)
            squares = (words.astype(np.int64) ** 2).sum(axis=1)
            bias = self.integers(0, 2**31 - 1, len(words), np.int32) if self.sometimes() else squares.astype(np.int32)
            books.append(Codebook(words, bias))
            table += [SubVector(int(self.rng.integers(latents - length + 1)), length, number, number)]
        first = table[0].length
        table += [SubVector(offset, first, 0, 0) for offset in range(0, latents - first + 1, first)][:1000]
        lengths = tuple(code_lengths(self.rng.pareto(1.0, len(book.words)) * 100) for book in books)
        return VectorQuantizer("vq", given.exponent, tuple(books), tuple(table)), Huffman("huffman", lengths)

    def spec(self) -> EncoderSpec:
        """The spec.

        Raises:
            ValueError: what was drawn does not hold together.
        """
        spikes, samples = self.choose(1, 2, 3, 5, MOST_SPIKES), self.choose(*SAMPLES)
        source = Normalize(
            name="normalize",
            offset=self.integers(-(2**15), 2**15 - 1, samples, np.int16),
            gain=self.integers(1, 2**16 - 1, samples, np.uint16),
            shift=self.choose(0, 15, 20, MAX_SHIFT),
            exponent=self.choose(4, 4, 4, -MAX_EXPONENT, MAX_EXPONENT),
        )
        given, stages = source.output(spikes, samples), list[Any]([source])
        transforms = self.choose(1, 2, 3, 4, 5) if self.known else self.choose(0, 1, 2, 3, 4)
        for number in range(transforms):
            stages.append(self.transform(f"s{number}", given, number))
            given = stages[-1].output(given)
        if not self.known and self.sometimes(0.4):
            stages.append(self.linear("linear", given))
            given = stages[-1].output(given)
        elif self.known or not self.sometimes():
            stages.append(self.convolution("project", given, self.choose(1, 2, 4, 16), kind=Project, relu=False))
            given = stages[-1].output(given)
        return EncoderSpec("any", spikes, samples, self.choose(6, 10, 16), (*stages, *self.quantizer(given)))
