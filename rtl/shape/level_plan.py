"""The shape of the units that make levels of latents, and symbols of levels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rtl.shape.images import join
from rtl.shape.products import FOLDED_PRODUCTS, ceil_div
from spikecae.stages import Levels
from spikecae.widths import signed_width

__all__ = ["LOW_BITS", "SIZE_BITS", "LevelPlan", "class_words", "level_words", "plan_levels"]

LOW_BITS, SIZE_BITS = 8, 8
"""Of a level's entry: its smallest value inside its group's box, and how many there are."""
MOST_TAPS = 16
"""Products that a class's score adds up in a cycle, at most."""


@dataclass(frozen=True)
class LevelPlan:
    """Columns of ``latents``, ``elements`` of them a transfer, each of ``bits``, to levels and then to symbols.

    ``classes`` (0: none), elements of ``element_bits``, are compared with a column ``taps`` of them a cycle. ``groups``
    are the levels of each group; ``symbols`` its symbols, the reserved one included, at each operating point.
    """

    latents: int
    columns: int
    elements: int
    bits: int
    fraction: int
    rounding: int
    residual_bits: int
    level_bits: int
    classes: int
    element_bits: int
    taps: int
    bias_bits: int
    score_bits: int
    groups: tuple[int, ...]
    symbols: tuple[tuple[int, ...], ...]
    symbol_bits: int
    number_bits: int
    order: int

    @property
    def points(self) -> int:
        """Operating points."""
        return len(self.symbols)

    @property
    def transfers(self) -> int:
        """Transfers of a column."""
        return ceil_div(self.latents, self.elements)

    @property
    def chunks(self) -> int:
        """Cycles that a class's score takes, and words of its elements."""
        return ceil_div(self.latents, self.taps)

    @property
    def record_bits(self) -> int:
        """Width of a word of a class's elements, with the score's start."""
        return self.bias_bits + self.taps * self.element_bits

    @property
    def value_bits(self) -> int:
        """Width of a symbol, or of an escaped level's number."""
        return max(self.symbol_bits, self.number_bits)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a block."""
        return self.columns * self.classes * self.latents

    @property
    def ends(self) -> tuple[int, ...]:
        """Last latent of each group."""
        return tuple(end - 1 for end in accumulate(self.groups))


def plan_levels(points: Sequence[Levels], elements: int, fold: int, *, loadable: bool) -> LevelPlan:
    """The shape for a stage whose latents come ``elements`` at a time, as it is at each operating point.

    Where the map is folded far, classes are scored with half as many products as it has, which is as fast: there are
    fewer of these to be made.

    Raises:
        ValueError: a class's element, or its bias, exceeds what a loadable memory has room for.
    """
    stage = points[0]
    classes = [classes for point in points for classes in point.classes]
    taps = min(MOST_TAPS, FOLDED_PRODUCTS // 2 // fold, stage.latents)
    bias_bits = score_bits = 0
    if classes:
        widest = max(own.bits for own in classes)
        if widest > stage.bits:
            raise ValueError(f"stage {stage.name}: classes need {widest} bits, latents have {stage.bits}")
        largest = max(int(own.bias.max()) for own in classes)
        lows, highs = zip(*(own.score_bounds(stage.bits) for own in classes), strict=True)
        bounds = min(lows), max(highs)
        if loadable:
            squares = stage.latents << (2 * stage.bits - 2)
            if largest >= 2 * squares:
                raise ValueError(
                    f"stage {stage.name}: a class's bias exceeds {2 * squares - 1}; lower codebook.rate_weight"
                )
            largest, bounds = 2 * squares - 1, (-2 * squares, 4 * squares)
        bias_bits, score_bits = largest.bit_length(), signed_width(min(bounds[0], 0), max(bounds[1], largest))
    residual_bits = stage.bits + bool(classes)
    largest_level = ((1 << (residual_bits - 1)) + stage.rounding) >> stage.fraction
    symbols = tuple(tuple(group.symbols for group in point.groups) for point in points)
    count = len(classes[0].words) if classes else 0
    return LevelPlan(
        latents=stage.latents,
        columns=stage.columns,
        elements=elements,
        bits=stage.bits,
        fraction=stage.fraction,
        rounding=stage.rounding,
        residual_bits=residual_bits,
        level_bits=signed_width(-largest_level, largest_level),
        classes=count,
        element_bits=stage.bits if loadable or not classes else max(own.bits for own in classes),
        taps=taps,
        bias_bits=bias_bits,
        score_bits=score_bits,
        groups=tuple(group.low.size for group in stage.groups),
        symbols=symbols,
        symbol_bits=(max(count, *map(max, symbols)) - 1).bit_length(),
        number_bits=(2 * largest_level).bit_length(),
        order=stage.order,
    )


def class_words(stage: Levels, plan: LevelPlan) -> list[int]:
    """Classes, ``plan.chunks`` words each: ``taps`` elements, then the bias, which the first word has."""
    words = []
    for word, bias in zip(stage.classes[0].words.tolist(), stage.classes[0].bias.tolist(), strict=True):
        padded = word + [0] * (plan.chunks * plan.taps - len(word))
        for chunk in range(plan.chunks):
            part = padded[chunk * plan.taps : (chunk + 1) * plan.taps]
            start = bias if chunk == 0 else 0
            words.append(join([*((value, plan.element_bits) for value in part), (start, plan.bias_bits)]))
    return words


def level_words(stage: Levels) -> list[int]:
    """Smallest value and size of each level of a column."""
    return [
        join([(low, LOW_BITS), (size, SIZE_BITS)])
        for group in stage.groups
        for low, size in zip(group.low.tolist(), group.size.tolist(), strict=True)
    ]
