"""No sum is too large for its width: the largest and smallest, after each term, added up in Python's integers.

That a unit of this width then gives the sum is proved: ``sums.py`` and ``search.py`` in ``sim/formal/properties``.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from rtl.planning import make_plan
from rtl.shape.level_plan import LevelPlan
from rtl.shape.plan import Plan
from rtl.shape.products import DotPlan
from rtl.shape.search_plan import SearchPlan
from spikecae.design import Design, load_design
from spikecae.spec import EncoderSpec, load_spec
from spikecae.stages import Codebook, Levels, VectorQuantizer
from tests.linear_spec import random_linear_spec
from tests.random_spec import random_spec
from tests.rtl.shapes import hardware

DESIGNS = Path("designs")
Range = tuple[int, int]


def signed(bits: int) -> Range:
    return -(1 << bits - 1), (1 << bits - 1) - 1


def products(a: Range, b: Range) -> Range:
    """Of any two integers in range."""
    corners = [x * y for x in a for y in b]
    return min(corners), max(corners)


def sums(start: Range, terms: Iterable[Range]) -> list[Range]:
    """The start, and what comes of it with each term."""
    return list(accumulate(terms, lambda so_far, term: (so_far[0] + term[0], so_far[1] + term[1]), initial=start))


def fit(ranges: Iterable[Range], bits: int) -> bool:
    low, high = signed(bits)
    return all(low <= least and most <= high for least, most in ranges)


def of_product(dot: DotPlan, loadable: bool, bias_bits: int, identity_shift: int) -> Iterator[list[Range]]:
    """Sums of each output of a product, over all channel groups."""
    layer = dot.layer
    inputs = signed(layer.input_bits) if layer.input_signed else (0, (1 << layer.input_bits) - 1)
    shifts = [0] * layer.outputs if dot.identity_shift is None else dot.identity_shift.tolist()
    for weights, bias, shift in zip(layer.weight, layer.bias.tolist(), shifts, strict=True):
        largest = (1 << dot.identity_bits) - 1 << (identity_shift if loadable else shift)
        low, high = signed(bias_bits) if loadable else (bias, bias)
        used = [signed(dot.weight_bits)] * weights.size if loadable else [(w, w) for w in weights.ravel().tolist()]
        yield sums((low, high + largest), [products(weight, inputs) for weight in used])


def of_search(plan: SearchPlan, book: Codebook, loadable: bool) -> Iterator[list[Range]]:
    """Scores of each codeword; that ``c`` is one number in ``(y - c)**2`` and in the bias is of no use to a bound."""
    y = signed(plan.bits)
    for word, bias in zip(book.words.tolist(), book.bias.tolist(), strict=True):
        low, high = (0, (plan.length << 2 * plan.bits - 1) - 1) if loadable else (bias, bias)
        c = [y if loadable else (element, element) for element in word]
        squares = [products(element, element)[1] for element in c[plan.products :]]
        least = 0 if loadable else sum(squares)
        start = (low - sum(squares), high - least)
        doubled = [(-2 * high, -2 * low) for low, high in (products(y, element) for element in c[: plan.products])]
        apart = [max((a - b) ** 2 for a in y for b in element) for element in c[plan.products :]]
        yield sums(start, [*doubled, *((0, square) for square in apart)])


def of_levels(plan: LevelPlan, stage: Levels, loadable: bool) -> Iterator[list[Range]]:
    """Scores of each class."""
    (classes,) = stage.classes
    y = signed(plan.bits)
    for word, bias in zip(classes.words.tolist(), classes.bias.tolist(), strict=True):
        bounds = (0, (1 << plan.bias_bits) - 1) if loadable else (bias, bias)
        ranges = [products(y, y if loadable else (element, element)) for element in word]
        yield sums(bounds, [(-2 * high, -2 * low) for low, high in ranges])


def widths(plan: Plan) -> Iterator[tuple[str, int, list[list[Range]]]]:
    """What is added up in a chip: its width, and its sums."""
    loadable, knobs = plan.loadable, plan.hardware
    for dot in plan.dots:
        yield dot.name, dot.accumulator_bits, list(of_product(dot, loadable, knobs.bias_bits, knobs.identity_shift))
    stage, part = plan.spec.quantizer, plan.quantizer
    if isinstance(stage, VectorQuantizer):
        found = [ranges for book in stage.codebooks for ranges in of_search(part.search, book, loadable)]
        yield "score", part.search.score_bits, found
        yield "its start", part.search.bias_bits, [ranges[:1] for ranges in found]
    elif stage.classes:
        yield "score", part.plan.score_bits, list(of_levels(part.plan, stage, loadable))


def checked(plan: Plan) -> None:
    for name, bits, found in widths(plan):
        assert all(fit(ranges, bits) for ranges in found), name
        if not plan.loadable and "score" not in name and "start" not in name:
            assert not all(fit(ranges, bits - 1) for ranges in found), f"{name} is wider than its sums"


@pytest.mark.parametrize("parameters", ["rom", "ram"])
@pytest.mark.parametrize("early_exit", [False, True])
def test_no_accumulator_of_random_specs_overflows(tiny: Design, parameters: str, early_exit: bool) -> None:
    for seed in range(4):
        checked(make_plan(random_spec(tiny, seed), hardware(4, parameters=parameters, early_exit=early_exit)))


@pytest.mark.parametrize("parameters", ["rom", "ram"])
@pytest.mark.parametrize("joint", [False, True])
def test_no_accumulator_of_random_linear_specs_overflows(parameters: str, joint: bool) -> None:
    for seed in range(3):
        spec: EncoderSpec = random_linear_spec(2, 16, 4, joint=joint, classes=3, seed=seed)
        checked(make_plan(spec, hardware(4, parameters=parameters)))


@pytest.mark.parametrize("design", ["tiny", "lite", "wave_clus", "neuropixels"])
def test_no_accumulator_of_a_shipped_design_overflows(design: str) -> None:
    knobs = load_design(DESIGNS / f"{design}.toml").hardware
    for parameters in ("rom", "ram"):
        checked(make_plan(load_spec(DESIGNS / design), knobs.model_copy(update={"parameters": parameters})))
