"""JSON files from strangers: what is no record of the wanted kind is refused in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.training.training_report import load_report as load_training
from quantize.report import load_report as load_quantization
from rtl.emit import emit
from sim.emitted import load_manifest, load_writes
from spikecae.design import Design
from tests.random_spec import random_spec

DESIGNS = Path(__file__).parents[1] / "designs"


@pytest.fixture(scope="module")
def emitted(tiny: Design, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("rtl")
    emit(random_spec(tiny, 1), tiny.hardware, folder)
    return {name: (folder / name).read_text() for name in ("manifest.json", "load.json")}


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "manifest": ("manifest.json", lambda path: load_manifest(path.parent)),
    "parameters": ("load.json", lambda path: load_writes(path.parent, load_manifest(path.parent))),
    "training report": ("training.json", load_training),
    "quantization report": ("metrics.json", load_quantization),
}
BYTES = {
    "nothing": b"",
    "text": b"hello",
    "no utf-8": b'{"schema_version": "\xff"}',
    "nested": b"[" * 1_000_000,
    "nested objects": b'{"a":' * 100_000,
    "a long number": b'{"schema_version": ' + b"9" * 100_000 + b"}",
    "nan": b'{"schema_version": NaN}',
    "a list": b"[]",
    "null": b"null",
    "empty": b"{}",
    "other version": b'{"schema_version": 99}',
    "other keys": b'{"\\u001b\\n' + b"k" * 9999 + b'": 1}',
    "zip": (DESIGNS / "tiny" / "spec.npz").read_bytes(),
}


@pytest.mark.parametrize("content", BYTES)
@pytest.mark.parametrize("what", READERS)
def test_something_else_is_refused(emitted: dict[str, str], tmp_path: Path, what: str, content: str) -> None:
    name, read = READERS[what]
    (tmp_path / "manifest.json").write_text(emitted["manifest.json"])
    (tmp_path / name).write_bytes(BYTES[content])
    message = refused(read, tmp_path / name, ValueError)
    assert message.startswith(f"{tmp_path / name}: no {what} of this version (")
    assert "; make it" in message or "; run the rtl stage to make" in message


@pytest.mark.parametrize("what", READERS)
def test_no_file_and_a_folder_are_refused(emitted: dict[str, str], tmp_path: Path, what: str) -> None:
    name, read = READERS[what]
    (tmp_path / "manifest.json").write_text(emitted["manifest.json"])
    (tmp_path / name).unlink(missing_ok=True)
    assert f"no {what} {tmp_path / name}; " in refused(read, tmp_path / name, FileNotFoundError)
    (tmp_path / name).mkdir()
    assert f"no {what} {tmp_path / name}; " in refused(read, tmp_path / name, FileNotFoundError)


def refused(read: Callable[[Path], object], path: Path, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        read(path)
    message = str(caught.value)
    assert len(message) < 500
    assert message.isprintable()
    return message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"writes": [[0, 1 << 32]]}, "writes.0.1 = 4294967296: input should be less than 4294967296"),
        ({"writes": [[-4, 0]]}, "writes.0.0 = -4: input should be greater than or equal to 0"),
        ({"writes": [[0, 1, 2]]}, "writes.0 = [0, 1, 2]: tuple should have at most 2 items"),
        ({"writes": [[0, 1.5]]}, "writes.0.1 = 1.5: input should be a valid integer"),
        ({"writes": {}}, "writes = {}: input should be a valid array"),
        ({"writes": [[0, None]] * 500}, "writes.0.1 = None: input should be a valid integer, and 499 more"),
        ({"spec_hash": "0" * 64}, "parameters of another spec than the manifest beside it is of"),
        ({"extra": 1}, "extra = 1: unknown key; remove it or correct its name"),
    ],
    ids=lambda value: None if callable(value) else ascii(value)[:30],
)
def test_parameters_that_are_none_are_named(
    emitted: dict[str, str], tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    (tmp_path / "manifest.json").write_text(emitted["manifest.json"])
    path = tmp_path / "load.json"
    path.write_text(emitted["load.json"])
    assert len(load_writes(tmp_path, load_manifest(tmp_path))) > 100
    path.write_text(json.dumps(json.loads(emitted["load.json"]) | change))
    assert reason in refused(READERS["parameters"][1], path, ValueError)
