"""``spec.json`` from strangers, under the hash of what it says: refused in one message, or it is what it says."""

import copy
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, SpecError, load_spec, save_spec
from spikecae.stages.base import KINDS
from tests.linear_spec import random_linear_spec
from tests.random_spec import random_spec
from tests.spikecae.hostile import as_member, judge, seal, write_members

TWICE = "\0twice"
"""Stands for the key before it, written once more."""


@pytest.fixture
def saved(spec: EncoderSpec, tmp_path: Path) -> Path:
    save_spec(spec, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def good(tiny: Design) -> dict[str, Any]:
    return json.loads(json.dumps({"hash": "0" * 64, **random_spec(tiny, seed=0).content[0]}))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def nested(depth: int, inner: Any = 0) -> Any:
    for _ in range(depth):
        inner = [inner]
    return inner


NUMBERS = [
    *(0, 1, -1, 2, 5, 9, 12, 15, 16, 17, 31, 32, 63, -63, 64, -64, 127, 128, 129, 255, 256, 1024, 1025, 100_001),
    *(2**31 - 1, 2**31, -(2**31), 2**63 - 1, 2**63, 2**64, -(10**30), 10**30, 10**400),
]
OTHERS: list[Any] = [
    *(None, True, False, 0.0, 1.5, -0.0, 1e400, -math.inf, math.nan),
    *("", "x", "conv", "block0.conv", "a b", "\n", "\ud800", "é", "..", "a" * 64, "a" * 65, "x" * 200_000),
    *([], {}, [[]], nested(50), nested(900), {"kind": "pool"}, {"kind": []}, {"kind": "none"}),
    {"array": "conv.weight", "dtype": "int8", "shape": [1]},
    {"array": "conv.weight", "dtype": "object", "shape": [16, 2, 1]},
    {"array": "conv.weight", "dtype": "int8", "shape": [2**25, 2**25, 2**25]},
    {"array": "conv.weight", "dtype": "int8", "shape": [16, 2, 1], "order": "F"},
]
LATE = {"kind": "SubVector", "offset": 9999, "length": 4, "codebook": 0, "code_table": 0}
UNKNOWN = ["array", "kind", "input_bits", "extra", "", "\ud800", "k" * 200_000]


def in_an_array(good: dict[str, Any], path: tuple[Any, ...]) -> bool:
    """Whether a place lies in what the structure says of an array."""
    return any(isinstance(outer := at(good, path[:n]), dict) and "array" in outer for n in range(len(path)))


@st.composite
def mutations(draw: st.DrawFn, good: dict[str, Any]) -> str:
    """One to three changes of a good structure, as text."""
    found = copy.deepcopy(good)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        every = [*places(found)]
        inner = {path for path in every if in_an_array(found, path)}
        leaves = [p for p in every if p not in inner and not isinstance(at(found, p), dict | list)]
        path = draw(st.sampled_from(draw(st.sampled_from([leaves, leaves, sorted(inner, key=str), every])) or every))
        parent, key = at(found, path[:-1]), path[-1]
        changes = ["number", "move", "swap", "other", "remove", "unknown", "twice", "kind"]
        change = draw(st.sampled_from(changes))
        if change == "number":
            parent[key] = draw(st.sampled_from(NUMBERS) | st.integers(-130, 130))
        elif change == "other":
            parent[key] = copy.deepcopy(draw(st.sampled_from(OTHERS)))
        elif change == "move":
            parent[key] = copy.deepcopy(at(good, draw(st.sampled_from([*places(good)]))))
        elif change == "remove":
            del parent[key]
        elif change == "kind" and isinstance(parent[key], dict):
            parent[key]["kind"] = draw(st.sampled_from([*KINDS, "none"]))
        elif isinstance(parent, list):
            other = draw(st.integers(0, len(parent) - 1))
            parent[key], parent[other] = parent[other], parent[key]
            if change == "twice":
                parent.insert(other, copy.deepcopy(parent[key]))
        elif change == "twice":
            parent[f"{key}{TWICE}"] = parent[key]
        else:
            parent[draw(st.sampled_from(UNKNOWN))] = 8
    return json.dumps(found).replace(json.dumps(TWICE)[1:-1], "")


@pytest.fixture(params=["resnext", "linear"])
def any_kind(request: pytest.FixtureRequest, spec: EncoderSpec, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A folder with a spec, and its structure."""
    if request.param == "linear":
        spec = random_linear_spec(2, 8, 4, joint=False, classes=3, seed=0)
    save_spec(spec, tmp_path)
    return tmp_path, json.loads(json.dumps({"hash": "0" * 64, **spec.content[0]}))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_structure_is_refused_or_is_what_it_says(any_kind: tuple[Path, dict[str, Any]], data: Any) -> None:
    folder, good = any_kind
    seal(folder, data.draw(mutations(good)))
    judge(folder)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_other_numbers_are_refused_or_work(any_kind: tuple[Path, dict[str, Any]], data: Any) -> None:
    """A number that is accepted can be computed with."""
    saved, good = any_kind
    found = copy.deepcopy(good)
    numbers = [path for path in places(good) if type(at(good, path)) is int and not in_an_array(good, path)]
    for path in data.draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=3)):
        parent, key = at(found, path[:-1]), path[-1]
        near = st.integers(-9, 9).map(lambda change, value=parent[key]: value + change)
        parent[key] = data.draw(st.sampled_from(NUMBERS) | near)
    seal(saved, json.dumps(found))
    spec = judge(saved)
    if spec is not None:
        encode(spec, np.full((1, spec.spikes, spec.samples), -32768, np.int16))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON of an encoder spec"),
        ("[]", "holds a list, not the structure of a spec"),
        ("null", "holds a NoneType"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 1_000_000, "nested too deeply"),
        ('{"schema_version": 2}', "schema_version = 2, this program reads 1"),
        ('{"schema_version": true}', "schema_version = True, this program reads 1"),
        ("{}", "key 'adc_bits' is missing"),
        ("\udc80", "no JSON of an encoder spec: 'utf-8' codec can't decode"),
        ("9" * 100_000, "99999999999999999999… is no number of a spec"),
        ("NaN", "NaN is no number of a spec"),
        ("[" + "[]," * 400_000 + "0]", "more than 1048576 bytes"),
        ("{" + ",".join(f'"{n}": 0' for n in range(80_000)) + ', "0": 0}', "key '0' is there twice"),
        ('\ufeff{"a": 1}', "BOM"),
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_text_that_is_no_spec_is_refused(saved: Path, text: str, reason: str) -> None:
    (saved / "spec.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert judge(saved) is None
    with pytest.raises(SpecError, match=re.escape(reason)):
        load_spec(saved)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("adc_bits",), -5, "adc_bits = -5 must lie in 6..16"),
        (("adc_bits",), 10**18, "adc_bits = 1000000000000000000 must lie in 6..16"),
        (("spikes",), 300, "spikes = 300 must lie in 1..16"),
        (("design",), "\ud800", r"EncoderSpec.design = '\ud800': a name is of letters"),
        (("design",), "x" * 200_000, "a name is of letters"),
        (("stages", 3, "name"), "x\ny", r"Pool.name = 'x\ny': a name is of letters"),
        (("stages", 3, "name"), "block0.reduce", "stage 'block0.reduce': a name is of letters"),
        (("stages", 1, "name"), "block0.reduce", "array 'block0.reduce.weight': is called 'conv.weight'"),
        (("stages", 1, "input_bits"), 8, "conv.input_bits = 8 is what it is where nothing is said; leave it out"),
        (("stages", 1, "weight", "shape"), [2**22] * 2, "arrays would be more than 2048, or take more than"),
        (("stages", 1, "weight", "shape"), [2] * 100_000, "a shape is a list of 1 to 3 numbers"),
        (("stages", 1, "weight", "dtype"), "object", "array 'conv.weight': must have a name, a dtype of int8, "),
        (("stages", 7, "table"), [{"kind": "SubVector"}], "SubVector: field 'offset' is missing"),
        (("stages", 7, "table"), [LATE] * 900, "vq.table[0] ends at 10003 of 16"),
        (("stages", 7, "exponent"), 4.0, "vq.exponent: unexpected float"),
        (
            ("stages", 3),
            {"kind": "SubVector", "offset": 0, "length": 4, "codebook": 0, "code_table": 0},
            "stages: unex",
        ),
    ],
    ids=lambda value: None if callable(value) else ascii(value)[:40],
)
def test_what_is_wrong_is_named(
    saved: Path, good: dict[str, Any], path: tuple[Any, ...], value: Any, reason: str
) -> None:
    found = copy.deepcopy(good)
    at(found, path[:-1])[path[-1]] = value
    seal(saved, json.dumps(found))
    assert judge(saved) is None
    with pytest.raises(SpecError, match=re.escape(reason)):
        load_spec(saved)


def test_many_sub_vectors_are_refused(saved: Path, good: dict[str, Any]) -> None:
    """Too many bits for a packet."""
    found = copy.deepcopy(good)
    found["stages"][-2]["table"] *= 300
    seal(saved, json.dumps(found, separators=(",", ":")).replace('"hash":"', '"hash": "'))
    with pytest.raises(SpecError, match="vq makes 1200 symbols of a block, 1024 at most"):
        load_spec(saved)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("groups", 0, "code_table"), -1, "levels: position 1: no code table -1"),
        (("classes", 0, "code_table"), -1, "levels: position 0: no code table -1"),
        (("columns",), 1, "levels takes 1 columns of 4 latents, but gets 2 of 4"),
        (("bits",), 11, "levels.bits = 11, but what it gets has 10"),
        (("fraction",), 9, "levels.fraction = 9 must lie in 0..8"),
        (("rounding",), 5, "levels.rounding = 5 must lie in 0..4"),
        (("order",), 0, "levels: an escape takes up to 17 bits, 16 at most; raise its order"),
        (("classes",), [], "levels: code table 0 is that of no position"),
        (("groups",), [], "levels: groups = 0 must lie in 1..128"),
    ],
    ids=str,
)
def test_levels_that_contradict_themselves_are_refused(tmp_path: Path, path: Any, value: Any, reason: str) -> None:
    spec = random_linear_spec(2, 8, 4, joint=False, classes=3, seed=0)
    save_spec(spec, tmp_path)
    found = json.loads(json.dumps({"hash": "0" * 64, **spec.content[0]}))
    at(found["stages"][-2], path[:-1])[path[-1]] = value
    gone = f"levels.{path[0]}" if value == [] else None
    arrays = {f"{name}.npy": as_member(array) for name, array in spec.content[1].items()}
    write_members(tmp_path / "spec.npz", {name: file for name, file in arrays.items() if not gone or gone not in name})
    seal(tmp_path, json.dumps(found))
    with pytest.raises(SpecError, match=re.escape(reason)):
        load_spec(tmp_path)


def test_a_sub_vectors_table_is_no_escape(saved: Path, good: dict[str, Any]) -> None:
    found = copy.deepcopy(good)
    found["stages"][-2]["table"][2]["code_table"] = -1
    seal(saved, json.dumps(found))
    with pytest.raises(SpecError, match="vq: position 2: no code table -1"):
        load_spec(saved)


def test_a_folder_is_no_file(saved: Path) -> None:
    (saved / "spec.json").unlink()
    (saved / "spec.json").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no encoder spec .*spec\.json; run the quantize stage"):
        load_spec(saved)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_named(saved: Path) -> None:
    (saved / "spec.json").chmod(0)
    with pytest.raises(SpecError, match=r"spec\.json: not allowed; check its permissions"):
        load_spec(saved)
