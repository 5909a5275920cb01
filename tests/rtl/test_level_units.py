"""The units between latents and symbols one by one, against loops over values."""

import numpy as np
import pytest

from rtl.levels.grouper import Grouper
from rtl.levels.level_coder import LevelCoder
from rtl.levels.leveler import Leveler
from rtl.levels.nearest_class import NearestClass
from rtl.shape.level_plan import LevelPlan, class_words, level_words, plan_levels
from spikecae.stages import Classes, LevelGroup, Levels
from tests.rtl.components import latency_of
from tests.rtl.streams import Port, pack, run, unpack

LATENTS, COLUMNS, BITS = 5, 2, 9


def stage(*, classes: int, fraction: int = 3, rounding: int = 3) -> Levels:
    """Groups of 2, 1 and 2 levels."""
    rng = np.random.default_rng(1)
    found = ()
    if classes:
        words = rng.integers(-200, 200, (classes, LATENTS)).astype(np.int16)
        bias = (words.astype(np.int64) ** 2).sum(axis=1).astype(np.int32)
        found = (Classes(words, bias, 0),)
    groups = tuple(
        LevelGroup(rng.integers(-3, 0, n).astype(np.int8), rng.integers(2, 6, n).astype(np.uint8), len(found) + table)
        for table, n in enumerate((2, 1, 2))
    )
    return Levels("levels", 3, BITS, COLUMNS, fraction, rounding, 3, found, groups)


def columns(count: int, seed: int = 2) -> np.ndarray:
    """Latents, most of them small, some at the ends of their range."""
    rng = np.random.default_rng(seed)
    values = np.rint(rng.laplace(0, 20, (count, LATENTS))).clip(-256, 255).astype(int)
    values[0], values[1] = -256, 255
    return values


def transfers(values: np.ndarray, plan: LevelPlan) -> list[int]:
    """Columns as the units take them."""
    return [
        pack(column[at : at + plan.elements], plan.bits) for column in values for at in range(0, LATENTS, plan.elements)
    ]


def nearest(levels: Levels, column: np.ndarray) -> int:
    distances = [
        int(bias) - 2 * sum(int(y) * int(c) for y, c in zip(column, word, strict=True))
        for word, bias in zip(levels.classes[0].words, levels.classes[0].bias, strict=True)
    ]
    return distances.index(min(distances))


def level_of(residual: int, levels: Levels) -> int:
    size = (abs(residual) + levels.rounding) // 2**levels.fraction
    return size if residual > 0 else -size


def expected_levels(levels: Levels, values: np.ndarray) -> list[int]:
    taken = values - (levels.classes[0].words[[nearest(levels, v) for v in values]] if levels.classes else 0)
    return [level_of(int(residual), levels) for column in taken for residual in column]


def expected_items(levels: Levels, values: np.ndarray) -> list[tuple[int, int]]:
    """(value, whether it is a number) of every item."""
    found, made = [], iter(expected_levels(levels, values))
    for column in values:
        if levels.classes:
            found.append((nearest(levels, column), 0))
        for group in levels.groups:
            own = [next(made) for _ in group.low]
            digits = [level - int(low) for level, low in zip(own, group.low, strict=True)]
            if all(0 <= digit < size for digit, size in zip(digits, group.size, strict=True)):
                symbol = 0
                for digit, size in zip(digits, group.size.tolist(), strict=True):
                    symbol = symbol * size + digit
                found.append((symbol, 0))
            else:
                found.append((int(np.prod(group.size.astype(int))), 0))
                found += [(2 * level if level >= 0 else -2 * level - 1, 1) for level in own]
    return found


@pytest.mark.parametrize("classes", [2, 5])
def test_the_nearest_class_is_found_and_read(classes: int) -> None:
    levels = stage(classes=classes)
    plan = plan_levels([levels], 1, 8, loadable=False)
    assert plan.chunks == 1
    for column in columns(3):
        dut = NearestClass(plan)
        seen = []
        run(
            dut,
            [],
            [],
            tables=[(dut.table, class_words(levels, plan))],
            constants=[(dut.start, 1), (dut.column.as_value(), pack(column, BITS))],
            extra=classes + 4,
            watch=((dut.done, dut.winner), lambda done, winner, seen=seen: seen.append((done, winner))),
        )
        at = [done for done, _ in seen].index(1)
        assert at == classes + latency_of(NearestClass)
        assert seen[at + 1][1] == nearest(levels, column)


@pytest.mark.parametrize("pause", [0.0, 0.4])
@pytest.mark.parametrize(("classes", "elements", "fold"), [(0, 1, 8), (0, 2, 8), (3, 1, 8), (4, 5, 8), (4, 1, 32)])
def test_latents_become_levels(classes: int, elements: int, fold: int, pause: float) -> None:
    levels, values = stage(classes=classes), columns(8)
    plan = plan_levels([levels], elements, fold, loadable=True)
    assert plan.chunks == (2 if fold == 32 else 1)
    dut = Leveler(plan)
    sinks = [Port(dut.o, count=values.size, pause=pause)]
    if classes:
        sinks.append(Port(dut.chosen, count=len(values), pause=pause))
    tables = [(dut.table, class_words(levels, plan))] if classes else []
    run(dut, [Port(dut.i, transfers(values, plan), pause=pause)], sinks, tables=tables)
    got = [unpack(word, 1, plan.level_bits, signed=True)[0] for word in sinks[0].got]
    assert got == expected_levels(levels, values)
    if classes:
        assert sinks[1].got == [nearest(levels, column) for column in values]
    elif not pause:
        assert sinks[0].cycles[0] == plan.transfers - 1 + latency_of(Leveler)


@pytest.mark.parametrize("rounding", [0, 4])
def test_rounding_is_alike_on_either_side(rounding: int) -> None:
    levels = stage(classes=0, rounding=rounding)
    values = np.arange(-20, 20).reshape(-1, LATENTS)
    plan = plan_levels([levels], 1, 8, loadable=False)
    dut = Leveler(plan)
    sink = Port(dut.o, count=values.size)
    run(dut, [Port(dut.i, transfers(values, plan))], [sink])
    got = [unpack(word, 1, plan.level_bits, signed=True)[0] for word in sink.got]
    exact = np.sign(values) * np.floor(np.abs(values) / 8 + rounding / 8)
    assert got == exact.astype(int).ravel().tolist()


@pytest.mark.parametrize("pause", [0.0, 0.4])
@pytest.mark.parametrize("classes", [0, 4])
def test_levels_become_symbols_and_numbers(classes: int, pause: float) -> None:
    levels, values = stage(classes=classes), columns(10)
    plan = plan_levels([levels], 2, 8, loadable=False)
    expected = expected_items(levels, values)
    assert any(golomb for _, golomb in expected)
    dut = LevelCoder(plan)
    sink = Port(dut.o, count=len(expected), pause=pause)
    tables = [(dut.levels, level_words(levels))]
    if classes:
        tables.append((dut.classes, class_words(levels, plan)))
    run(dut, [Port(dut.i, transfers(values, plan), pause=pause)], [sink], tables=tables)
    mask = (1 << plan.value_bits) - 1
    assert [(word & mask, word >> plan.value_bits & 1) for word in sink.got] == expected
    ends = [n for n, word in enumerate(sink.got) if word >> (plan.value_bits + 1)]
    per_block = [len(expected_items(levels, values[at : at + COLUMNS])) for at in range(0, len(values), COLUMNS)]
    assert ends == (np.cumsum(per_block) - 1).tolist()


def test_a_symbol_follows_the_last_level_of_its_group() -> None:
    levels = stage(classes=0)
    plan = plan_levels([levels], 1, 8, loadable=False)
    dut = Grouper(plan)
    sink = Port(dut.o, count=1)
    inside = [int(low) for group in levels.groups for low in group.low]
    sources = [Port(dut.i, [value & ((1 << plan.level_bits) - 1) for value in inside])]
    run(dut, sources, [sink], tables=[(dut.table, level_words(levels))])
    fetch, levels_of_first = 1, plan.groups[0]
    assert sink.cycles[0] == fetch + levels_of_first - 1 + latency_of(Grouper)
    assert sink.got[0] == 0


def test_a_bias_that_a_loadable_search_has_no_room_for_is_refused() -> None:
    levels = stage(classes=2)
    (classes,) = levels.classes
    wide = Classes(classes.words, np.array([0, 2**31 - 1], np.int32), 0)
    spec = Levels("levels", 3, BITS, COLUMNS, 3, 3, 3, (wide,), levels.groups)
    plan_levels([spec], 1, 8, loadable=False)
    with pytest.raises(ValueError, match=r"a class's bias exceeds \d+; lower codebook.rate_weight"):
        plan_levels([spec], 1, 8, loadable=True)
