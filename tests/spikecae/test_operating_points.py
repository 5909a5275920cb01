"""Which specs one chip can have as its operating points."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikecae.bitstream.huffman import code_lengths
from spikecae.design.point_folder import point_folder
from spikecae.spec import EncoderSpec, SpecError, save_spec
from spikecae.spec.operating_points import MOST_POINTS, check_operating_points, load_operating_points
from spikecae.stages import Huffman, LevelGroup, Levels, Linear, Normalize
from tests.linear_spec import random_linear_spec

SPEC = random_linear_spec(2, 16, 6, joint=False, classes=4, seed=0)


def with_stage(spec: EncoderSpec, kind: type, **changes: Any) -> EncoderSpec:
    return replace(spec, stages=tuple(replace(s, **changes) if type(s) is kind else s for s in spec.stages))


def coarser(spec: EncoderSpec, part: int) -> EncoderSpec:
    """Another point: everything that may be its own is."""
    quantizer, source = spec.only(Levels), spec.only(Normalize)
    (classes,) = quantizer.classes
    words = (classes.words // part).astype(np.int16)
    bias = (np.square(words.astype(np.int32)).sum(axis=1) + part).astype(np.int32)
    groups = tuple(
        LevelGroup((g.low // part).astype(np.int8), (1 + g.size // part).astype(np.uint8), g.code_table)
        for g in quantizer.groups
    )
    sizes = [len(words), *(group.symbols for group in groups)]
    changed = replace(quantizer, classes=(replace(classes, words=words, bias=bias),), groups=groups)
    other: dict[type, Any] = {
        Normalize: replace(source, gain=(source.gain // part).astype(np.uint16)),
        Levels: changed,
        Huffman: Huffman("huffman", tuple(code_lengths(np.ones(size)) for size in sizes)),
    }
    return replace(spec, stages=tuple(other.get(type(stage), stage) for stage in spec.stages))


def test_points_may_have_gain_classes_boxes_and_code_tables_for_themselves() -> None:
    points = [SPEC, *(coarser(SPEC, part) for part in (2, 3, 4))]
    assert len({point.hash for point in points}) == MOST_POINTS
    check_operating_points(points)
    check_operating_points(points[:1])


def test_what_else_differs_is_named() -> None:
    def of(kind: type, **changes: Callable[[Any], Any]) -> EncoderSpec:
        stage: Any = SPEC.only(kind)
        return with_stage(SPEC, kind, **{name: change(getattr(stage, name)) for name, change in changes.items()})

    def weight_changed(weight: np.ndarray) -> np.ndarray:
        weight = weight.copy()
        weight[3, 2, 0] ^= 1
        return weight

    changed = of(Linear, weight=weight_changed).only(Linear).weight[3, 2, 0]
    unlike = random_linear_spec(2, 16, 6, joint=False, classes=3, seed=0)
    other_map = replace(unlike, stages=(SPEC.stages[0], SPEC.stages[1], *unlike.stages[2:]))
    cases: dict[str, EncoderSpec] = {
        "design = 'other', point 0 has 'linear'": replace(SPEC, design="other"),
        f"normalize.shift = 18, point 0 has {SPEC.only(Normalize).shift}": of(Normalize, shift=lambda s: 18),
        f"linear.weight[3][2][0] = {changed}, point 0 has {changed ^ 1}": of(Linear, weight=weight_changed),
        "levels.rounding = 4, point 0 has 3": of(Levels, rounding=lambda r: 4),
        "levels.order = 3, point 0 has 2": of(Levels, order=lambda o: 3),
        "levels.classes[0].words has shape (3, 6), that of point 0 (4, 6)": other_map,
    }
    for message, spec in cases.items():
        with pytest.raises(SpecError) as error:
            check_operating_points([SPEC, coarser(SPEC, 2), spec])
        assert str(error.value).startswith(f"operating point 2: {message}; ")


def test_levels_lie_in_the_same_groups() -> None:
    quantizer = SPEC.only(Levels)
    *others, last = quantizer.groups
    assert last.low.size > 1
    halves = [LevelGroup(last.low[part], last.size[part], 0) for part in (slice(0, 1), slice(1, None))]
    groups = tuple(replace(g, code_table=i) for i, g in enumerate([*others, *halves], start=1))
    sizes = [len(quantizer.classes[0].words), *(group.symbols for group in groups)]
    stages = replace(quantizer, groups=groups), Huffman("huffman", tuple(code_lengths(np.ones(s)) for s in sizes))
    with pytest.raises(SpecError, match=rf"levels\.groups: {len(groups)} of them, point 0 has {len(groups) - 1}"):
        check_operating_points([SPEC, replace(SPEC, stages=(*SPEC.stages[:2], *stages))])


@pytest.mark.parametrize("points", [[], [coarser(SPEC, part) for part in range(1, MOST_POINTS + 2)]])
def test_there_are_one_to_four(points: Sequence[EncoderSpec]) -> None:
    with pytest.raises(SpecError, match=rf"{len(points)} operating points must lie in 1\.\.{MOST_POINTS}"):
        check_operating_points(points)


def test_packets_must_tell_points_apart() -> None:
    with pytest.raises(SpecError, match="operating point 2 is the spec of point 0 again"):
        check_operating_points([SPEC, coarser(SPEC, 2), SPEC])

    class SameTag(EncoderSpec):
        tag = SPEC.tag  # type: ignore[assignment]

    other = coarser(SPEC, 2)
    alike = SameTag(other.design, other.spikes, other.samples, other.adc_bits, other.stages)
    with pytest.raises(SpecError, match=rf"operating point 1 has the tag {SPEC.tag:04x} of point 0"):
        check_operating_points([SPEC, alike])


def test_points_lie_in_numbered_folders(tmp_path: Path) -> None:
    points = [SPEC, coarser(SPEC, 2), coarser(SPEC, 3)]
    save_spec(SPEC, tmp_path)
    assert [spec.hash for spec in load_operating_points(tmp_path)] == [SPEC.hash]
    for number, spec in enumerate(points):
        save_spec(spec, point_folder(tmp_path, number))
    assert [spec.hash for spec in load_operating_points(tmp_path)] == [spec.hash for spec in points]
    save_spec(replace(points[2], design="other"), tmp_path / "points" / "2")
    with pytest.raises(SpecError, match=r"operating point 2: design = 'other', point 0 has 'linear'"):
        load_operating_points(tmp_path)
    (tmp_path / "points" / "1").rename(tmp_path / "points" / "3")
    with pytest.raises(SpecError, match="'3' is not the next operating point; they are called 1, 2, 3"):
        load_operating_points(tmp_path)
