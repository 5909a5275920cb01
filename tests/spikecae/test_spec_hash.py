"""The spec's hash: the documented way to compute it, and that no two specs share one."""

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikecae.design import Design
from spikecae.spec import EncoderSpec, SpecError, load_spec, save_spec
from spikecae.stages import (
    Codebook,
    Convolution,
    Huffman,
    Normalize,
    Pool,
    Project,
    Residual,
    SubVector,
    VectorQuantizer,
)
from tests.random_spec import random_spec
from tests.spikecae.hostile import documented_hash

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "arithmetic.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["tiny", "wave_clus", "hc1", "neuropixels"])
def test_the_documented_script_recomputes_the_hash_of_shipped_specs(name: str) -> None:
    folder = ROOT / "designs" / name
    assert documented_hash(folder) == load_spec(folder).hash == json.loads((folder / "spec.json").read_text())["hash"]


@pytest.mark.parametrize("seed", range(3))
def test_it_recomputes_that_of_others(tiny: Design, tmp_path: Path, seed: int) -> None:
    spec = random_spec(tiny, seed)
    save_spec(spec, tmp_path)
    assert documented_hash(tmp_path) == spec.hash


def test_the_worked_example_is_that_of_tiny() -> None:
    spec = load_spec(ROOT / "designs" / "tiny")
    (row,) = re.findall(r"^`([0-9a-f]{64})`$", TEXT, re.M)
    assert row == spec.hash
    beginnings = re.findall(r"first (\d+) bits are `([0-9a-f]+)`", TEXT)
    assert [int(bits) for bits, _ in beginnings] == [32, 16]
    for bits, value in beginnings:
        assert len(value) * 4 == int(bits)
        assert spec.hash.startswith(value)
    arrays = spec.content[1]
    heads = re.findall(r"^\| `([\w.]+)` \| `([^`]+;)` \|", TEXT, re.M)
    assert [name for name, _ in heads] == sorted(arrays)[:2]
    for name, head in heads:
        assert head == f"{name}:{arrays[name].dtype.name}:{arrays[name].shape};"


def as_plain(value: Any) -> Any:
    """Everything that a spec says, as values that compare."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, tuple):
        return tuple(map(as_plain, value))
    if hasattr(value, "__dataclass_fields__"):
        return type(value).__name__, *((name, as_plain(getattr(value, name))) for name in value.__dataclass_fields__)
    return value


def convolution(name: str, weight: int, *, last: bool = False, inputs: int = 1) -> Convolution:
    kind = Project if last else Convolution
    zeros = np.zeros(1, np.int8)
    return kind(
        name=name,
        weight=np.full((1, inputs, 1), weight, np.int8),
        bias=np.zeros(1, np.int32),
        weight_exponent=zeros,
        input_exponent=0,
        exponent=0,
        groups=1,
        input_signed=False,
        relu=not last,
    )


NAMES = ["block0", "block1", "reduce", "block0_reduce", "weight", "tables"]
INNER = ["reduce", "conv", "expand", "weight"]


@st.composite
def small_specs(draw: st.DrawFn) -> EncoderSpec | None:
    """A spec of few values and names that are likely to meet; None where they may not."""
    names, numbers = iter(draw(st.permutations(NAMES))), st.integers(0, 1)
    try:
        name = next(names) if draw(st.integers(0, 2)) else "block0.reduce"
        first = Convolution(**{**vars(convolution(name, draw(numbers))), "input_signed": True})
        stages: list[Any] = [first]
        for _ in range(draw(st.integers(0, 2))):
            name = next(names)
            if draw(st.booleans()):
                stages.append(Pool(name, 1 + draw(numbers)))
            elif draw(st.booleans()):
                stages.append(convolution(name, draw(numbers)))
            else:
                inner = draw(st.permutations(INNER))[:3]
                stages.append(Residual(name, *(convolution(f"{name}.{part}", draw(numbers)) for part in inner)))
        source = Normalize("normalize", np.zeros(4, np.int16), np.full(4, 1 + draw(numbers), np.uint16), 0, 0)
        books = tuple(
            Codebook(np.full((1, 1), draw(numbers), np.int8), np.zeros(1, np.int32)) for _ in range(1 + draw(numbers))
        )
        table = tuple(SubVector(0, 1, number, number) for number in range(len(books)))
        coder = Huffman(next(names), (np.ones(1, np.uint8),) * len(books))
        stages += [convolution(next(names), draw(numbers), last=True), VectorQuantizer("vq", 0, books, table), coder]
        return EncoderSpec(draw(st.sampled_from(["a", "b"])), 1, 4, 6 + draw(numbers), (source, *stages))
    except ValueError:
        return None


SEEN: dict[str, Any] = {}


@settings(max_examples=1500, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(spec=small_specs())
def test_different_specs_have_different_hashes(spec: EncoderSpec | None) -> None:
    """Of all that are drawn, and of each and its neighbours, which differ in one array."""
    if spec is None:
        return
    assert SEEN.setdefault(spec.hash, as_plain(spec)) == as_plain(spec)
    for number, stage in enumerate(spec.stages):
        for name, values in stage.coefficients():
            other = stage.with_coefficients(name, values ^ 1)
            assert replace(spec, stages=(*spec.stages[:number], other, *spec.stages[number + 1 :])).hash != spec.hash


def test_many_specs_were_compared() -> None:
    assert len(SEEN) > 200


def test_a_stage_may_not_be_called_as_one_within_another(spec: EncoderSpec) -> None:
    """Their weights would have one place, and the hash would know one of them only."""
    conv, block = spec.stages[1], spec.stages[2]
    assert isinstance(block, Residual)
    assert (conv.weight.shape, block.reduce.weight.shape) == ((16, 2, 1), (8, 4, 1))
    with pytest.raises(SpecError, match=r"stage 'block0\.reduce': a name is of letters, digits and _"):
        replace(spec, stages=(spec.stages[0], replace(conv, name="block0.reduce"), *spec.stages[2:]))
    inner = replace(block, reduce=replace(block.reduce, name="conv"))
    with pytest.raises(SpecError, match=r"stage 'conv' within 'block0': must be called by both names"):
        replace(spec, stages=(*spec.stages[:2], inner, *spec.stages[3:]))


def test_every_place_has_one_array(spec: EncoderSpec) -> None:
    """Arrays are hashed under their places, so that places must differ."""
    head, arrays = spec.content
    named = re.findall(r'"array": "([^"]+)"', json.dumps(head))
    assert sorted(named) == sorted(arrays)
    assert not [pair for pair in itertools.combinations(named, 2) if pair[0] == pair[1]]
