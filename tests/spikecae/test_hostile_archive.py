"""``spec.npz`` from strangers, under the hash of what it says: refused in one message, or it is what it says."""

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, SpecError, load_spec, save_spec
from tests.linear_spec import random_linear_spec
from tests.random_spec import random_spec
from tests.spikecae.hostile import as_member, judge, members_of, seal, write_members

Archive = Callable[[Path], None]


@pytest.fixture
def saved(spec: EncoderSpec, tmp_path: Path) -> Path:
    save_spec(spec, tmp_path)
    return tmp_path


def open_structure(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "spec.json").read_text()) | {"hash": "0" * 64}


def declare(value: Any, name: str, array: np.ndarray) -> None:
    """Let a structure say of an array what is true of it."""
    if isinstance(value, dict) and value.get("array") == name:
        value |= {"dtype": array.dtype.name, "shape": list(array.shape)}
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            declare(item, name, array)


TYPES = ["i1", "u1", "<i2", ">i2", "<u2", "<i4", ">i4", "<u4", "<i8", "<f2", "<f4", "<f8", "<c8", "?", "S3", "<U2", "O"]
RECORD = np.dtype([("a", "i1"), ("b", "<i4")])


@st.composite
def other_arrays(draw: st.DrawFn, good: np.ndarray) -> np.ndarray:
    """Of other types, shapes, order or values than an array of a spec."""
    change = draw(st.sampled_from(["values", "values", "values", "type", "shape", "order", "record"]))
    if change == "type":
        return good.astype(draw(st.sampled_from(TYPES)))
    if change == "record":
        return np.zeros(good.shape, RECORD)
    if change == "order":
        return np.asfortranarray(good)[..., :: draw(st.sampled_from([1, -1]))]
    if change == "shape":
        shapes = [good.shape[::-1], (good.size,), (), (0,), (*good.shape, 1), good.shape[1:], (0, *good.shape)]
        shape = draw(st.sampled_from([*shapes, tuple(2 * n for n in good.shape)]))
        return np.resize(good, shape)
    limits = np.iinfo(good.dtype)
    values = [limits.min, limits.max, 0, 1, limits.max // 2, 2, 16]
    found = good.copy()
    if draw(st.booleans()):
        found[...] = draw(st.sampled_from(values))
    else:
        places = draw(st.lists(st.integers(0, good.size - 1), min_size=1, max_size=3))
        for place in places:
            found.flat[place] = draw(st.sampled_from(values))
    return found


@pytest.mark.parametrize("kind", ["resnext", "linear"])
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_other_arrays_are_refused_or_work(saved: Path, spec: EncoderSpec, kind: str, data: Any) -> None:
    """Whether the structure knows of the change or not; what is accepted can be computed with."""
    spec = spec if kind == "resnext" else random_linear_spec(2, 8, 4, joint=True, classes=3, seed=0)
    name = data.draw(st.sampled_from(sorted(spec.content[1])))
    array = data.draw(other_arrays(spec.content[1][name]))
    head = json.loads(json.dumps({"hash": "0" * 64, **spec.content[0]}))
    if data.draw(st.booleans()):
        declare(head, name, array)
    members = {f"{other}.npy": as_member(values) for other, values in spec.content[1].items()}
    write_members(saved / "spec.npz", members | {f"{name}.npy": as_member(array)})
    seal(saved, json.dumps(head))
    found = judge(saved)
    if found is not None:
        encode(found, np.full((1, found.spikes, found.samples), -32768, np.int16))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_are_refused_or_mean_the_same(saved: Path, spec: EncoderSpec, data: Any) -> None:
    """Flipped, cut out, put in; some bytes of a zip file, such as dates, mean nothing."""
    save_spec(spec, saved)
    name = data.draw(st.sampled_from(["spec.json", "spec.npz", "spec.npz"]))
    content = bytearray((saved / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["flip", "flip", "cut", "end", "insert", "number"]))
        if change == "flip":
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        elif change == "cut":
            del content[place : place + data.draw(st.integers(1, 99))]
        elif change == "end":
            del content[max(1, place) :]
        elif change == "insert":
            content[place:place] = data.draw(st.binary(min_size=1, max_size=9))
        else:
            content[place : place + 4] = struct.pack("<I", data.draw(st.sampled_from([0, 2**31, 2**32 - 1])))
    (saved / name).write_bytes(content)
    found = judge(saved)
    assert found is None or found.hash == spec.hash


def test_most_damage_is_noticed(saved: Path) -> None:
    good, rng, refused = (saved / "spec.npz").read_bytes(), random.Random(0), 0
    for _ in range(100):
        damaged = bytearray(good)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        (saved / "spec.npz").write_bytes(damaged)
        refused += judge(saved) is None
    assert refused > 60


def head_of(dtype: str, shape: tuple[int, ...], version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    content = bytearray(file.getvalue())
    content[6:8] = bytes(version)
    return bytes(content)


def text_head(text: str) -> bytes:
    body = text.encode("latin1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body


def entries(count: int) -> bytes:
    """The directory of a zip file with so many members of no bytes."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    return entry * count


def with_end(directory: bytes, comment: bytes = b"", before: bytes = b"") -> bytes:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, len(directory), 0, len(comment))
    return directory + before + end + comment


GOOD = "{'descr': '|i1', 'fortran_order': False, 'shape': (16, 2, 1), }"
MEMBERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "raw_bytes": (lambda good: b"hello", "'conv.weight.npy' has 5 bytes, but spec.json says 32 and a header"),
    "raw_bytes_of_the_right_size": (lambda good: b"x" * len(good), "corrupt: ValueError"),
    "empty": (lambda good: b"", "has 0 bytes"),
    "cut_off": (lambda good: good[:-1], "corrupt: ValueError"),
    "too_long": (lambda good: good + b"\0", "corrupt: ValueError"),
    "bomb": (lambda good: head_of("|i1", (1 << 24,)) + bytes(1 << 24), "has 16777344 bytes, but spec.json says"),
    "claims_more": (lambda good: head_of("|i1", (1 << 40, 2, 1)) + good[128:], "conv.weight is int8(1099511627776"),
    "other_version": (lambda good: head_of("|i1", (16, 2, 1), (9, 9)) + good[128:], "ValueError"),
    "second_version": (lambda good: head_of("|i1", (16, 2, 1), (2, 0)) + good[128:], "must be (1, 0)"),
    "no_dict": (lambda good: text_head("[]\n") + good[128:], "corrupt: ValueError"),
    "code": (lambda good: text_head("__import__('os').abort()") + good[128:], "corrupt: ValueError"),
    "nested": (lambda good: text_head("(" * 200) + good[128:], "corrupt"),
    "signs": (lambda good: text_head("-" * 150 + "1") + good[128:], "corrupt"),
    "by_column": (lambda good: text_head(GOOD.replace("False", "True ")) + good[128:], "lies column by column"),
    "objects": (lambda good: as_member(np.array([[[None]]], object)), "corrupt"),
    "sub_array": (lambda good: text_head(GOOD.replace("'|i1'", "('|i1', (9,))")) + good[128:], "corrupt"),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members_that_are_no_arrays_are_refused(saved: Path, name: str) -> None:
    change, reason = MEMBERS[name]
    members = members_of(saved)
    write_members(saved / "spec.npz", members | {"conv.weight.npy": change(members["conv.weight.npy"])})
    refused(saved, reason)


ARCHIVES: dict[str, tuple[Callable[[dict[str, bytes], Path], None], str]] = {
    "bomb_unreferenced": (
        lambda good, path: write_members(path, good | {"zzz.npy": head_of("|i1", (1 << 24,)) + bytes(1 << 24)}),
        "does not hold the arrays that spec.json names: 'zzz.npy' is in one of both only",
    ),
    "missing": (
        lambda good, path: write_members(path, {n: c for n, c in good.items() if n != "conv.bias.npy"}),
        "'conv.bias.npy' is in one of both only",
    ),
    "renamed": (
        lambda good, path: write_members(path, {n.upper(): c for n, c in good.items()}),
        "is in one of both only",
    ),
    "in_a_folder": (
        lambda good, path: write_members(path, good | {"../../x.npy": b""}),
        "'../../x.npy' is in one of both only",
    ),
    "bzip2": (lambda good, path: write_members(path, good, zipfile.ZIP_BZIP2), "must be stored or deflated"),
    "lzma": (lambda good, path: write_members(path, good, zipfile.ZIP_LZMA), "must be stored or deflated"),
    "no_zip": (lambda good, path: path.write_bytes(b"hello"), "no zip file, or its end is cut off"),
    "nothing": (lambda good, path: path.write_bytes(b""), "no zip file, or its end is cut off"),
    "an_array": (lambda good, path: path.write_bytes(good["conv.weight.npy"]), "no zip file"),
    "large": (lambda good, path: path.write_bytes(bytes(40 << 20)), "more than 9437184 bytes"),
    "many_members": (lambda good, path: path.write_bytes(with_end(entries(190_000))), "takes more than 524288 bytes"),
    "a_comment": (lambda good, path: path.write_bytes(with_end(b"", b"x")), "no zip file, or its end is cut off"),
    "two_ends": (
        lambda good, path: path.write_bytes(with_end(entries(9), before=struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1))),
        "takes more than 524288 bytes",
    ),
    "no_members": (lambda good, path: path.write_bytes(with_end(b"")), "is in one of both only"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_of_something_else_are_refused(saved: Path, name: str) -> None:
    change, reason = ARCHIVES[name]
    change(members_of(saved), saved / "spec.npz")
    refused(saved, reason)


def refused(folder: Path, reason: str) -> None:
    """Whatever hash the structure has."""
    seal(folder, json.dumps(open_structure(folder)))
    assert judge(folder) is None
    with pytest.raises(SpecError) as caught:
        load_spec(folder)
    assert reason in str(caught.value)


def test_a_member_that_is_there_twice_is_refused(saved: Path) -> None:
    members = members_of(saved)
    write_members(saved / "spec.npz", members)
    with zipfile.ZipFile(saved / "spec.npz", "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("conv.weight.npy", members["conv.weight.npy"])
    refused(saved, "an array is there twice")


def test_links_and_stored_members_mean_their_bytes(saved: Path, spec: EncoderSpec) -> None:
    members = members_of(saved)
    with zipfile.ZipFile(saved / "spec.npz", "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, content)
    found = judge(saved)
    assert found is not None
    assert found.hash == spec.hash


@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_a_header_as_python_2_wrote_it_means_the_same(saved: Path, spec: EncoderSpec) -> None:
    members = members_of(saved)
    old = text_head(GOOD.replace("16", "16L")) + members["conv.weight.npy"][128:]
    write_members(saved / "spec.npz", members | {"conv.weight.npy": old})
    found = judge(saved)
    assert found is not None
    assert found.hash == spec.hash


@pytest.mark.parametrize("offset", [8, 10, 16, 20, 24, 42], ids=["flags", "method", "crc", "packed", "size", "place"])
@pytest.mark.parametrize("value", [1, 12, 0xFFFF, 0xFFFFFFFF])
def test_a_directory_that_lies_is_refused_or_means_the_same(
    saved: Path, spec: EncoderSpec, offset: int, value: int
) -> None:
    content = bytearray((saved / "spec.npz").read_bytes())
    first = content.index(b"PK\1\2")
    width = 2 if offset in (8, 10) else 4
    content[first + offset : first + offset + width] = struct.pack("<Q", value)[:width]
    (saved / "spec.npz").write_bytes(content)
    found = judge(saved)
    assert found is None or found.hash == spec.hash


def test_pickled_objects_are_not_opened(saved: Path, spec: EncoderSpec) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("a pickle was run",))

    pickled = as_member(np.array([Bomb()], dtype=object))
    head = open_structure(saved)
    write_members(saved / "spec.npz", members_of(saved) | {"conv.weight.npy": pickled})
    assert judge(saved) is None
    declare(head, "conv.weight", np.zeros(len(pickled) - 128, np.int8))
    seal(saved, json.dumps(head))
    refused(saved, "conv.weight is object(1,), but spec.json says int8")


def test_arrays_of_another_spec_are_refused(saved: Path, tiny: Design, tmp_path: Path) -> None:
    save_spec(random_spec(tiny, seed=1), tmp_path / "other")
    (saved / "spec.npz").write_bytes((tmp_path / "other" / "spec.npz").read_bytes())
    with pytest.raises(SpecError, match="content hashes to"):
        load_spec(saved)
