"""What refusing the worst specs takes, in a process of its own."""

import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from spikecae.spec import EncoderSpec, save_spec
from tests.spikecae.hostile import members_of, write_members

MOST_MB, LONGEST_S = 200, 1.0
MB = 1 << 20
LOAD = """
import re, sys, time
from pathlib import Path
from spikecae.spec import SpecError, load_spec
for folder in sys.argv[1:]:
    started = time.process_time()
    try:
        load_spec(Path(folder))
        state = "loaded"
    except SpecError as error:
        state = "refused"
    taken = time.process_time() - started
    peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]
    print(Path(folder).name, state, taken, peak)
"""

Change = Callable[[Path, str, dict[str, bytes]], None]


def text(content: str) -> Change:
    return lambda folder, _, __: (folder / "spec.json").write_text(content, encoding="utf-8")


def hole(name: str) -> Change:
    """512 MB of zeros, which the disk does not hold."""

    def write(folder: Path, _: str, __: dict[str, bytes]) -> None:
        with open(folder / name, "wb") as file:
            file.truncate(512 * MB)

    return write


def bomb(name: str, method: int = zipfile.ZIP_DEFLATED, claim: int | None = None) -> Change:
    """A member of 256 MB of zeros; the directory says that it has ``claim`` bytes."""

    def write(folder: Path, _: str, members: dict[str, bytes]) -> None:
        path = folder / "spec.npz"
        write_members(path, {other: content for other, content in members.items() if other != name})
        with zipfile.ZipFile(path, "a", method) as archive, archive.open(name, "w") as member:
            member.write(members.get(name, b"")[:128])
            for _ in range(64):
                member.write(bytes(4 * MB))
        if claim is not None:
            content = bytearray(path.read_bytes())
            place = content.rindex(b"PK\1\2") + 24
            content[place : place + 4] = struct.pack("<I", claim)
            path.write_bytes(content)

    return write


def directory(folder: Path, _: str, __: dict[str, bytes]) -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 190_000 * len(entry), 0, 0)
    (folder / "spec.npz").write_bytes(entry * 190_000 + end)


def structure(**changes: object) -> Change:
    def write(folder: Path, content: str, _: dict[str, bytes]) -> None:
        (folder / "spec.json").write_text(json.dumps(json.loads(content) | changes), encoding="utf-8")

    return write


def named(stage: str, shape: list[int]) -> dict[str, object]:
    """A stage that names an array."""
    return {"name": stage, "x": {"array": f"{stage}.x", "dtype": "int8", "shape": shape}}


CASES: dict[str, Change] = {
    "bomb_unreferenced": bomb("zzz.npy"),
    "bomb": bomb("conv.weight.npy"),
    "bomb_that_lies": bomb("conv.weight.npy", claim=160),
    "bomb_of_bzip2": bomb("conv.weight.npy", zipfile.ZIP_BZIP2, claim=160),
    "large_archive": hole("spec.npz"),
    "large_directory": directory,
    "large_text": hole("spec.json"),
    "lists": text('{"stages": [' + "[]," * 340_000 + "[]]}"),
    "objects": text('{"stages": [' + "{}," * 340_000 + "{}]}"),
    "keys": text("{" + ",".join(f'"{n}":0' for n in range(90_000)) + "}"),
    "nested": text("[" * MB),
    "nested_objects": text('{"a":' * 200_000),
    "numbers": text("[" + "9" * (MB - 9) + "]"),
    "stages": structure(stages=[{"kind": "pool", "name": "p", "size": 1}] * 20_000),
    "arrays": structure(stages=[named(f"s{n}", [1]) for n in range(9_000)]),
    "dimensions": structure(stages=[named("s", [9_999_999] * 90_000)]),
    "long_name": structure(design="x" * 200_000),
}


@pytest.fixture(scope="module")
def measured(spec: EncoderSpec, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, float, float]]:
    """Of each case: what became of it, seconds of processor time, and the process's MB so far."""
    root = tmp_path_factory.mktemp("hostile")
    for name, change in CASES.items():
        save_spec(spec, root / name)
        change(root / name, (root / name / "spec.json").read_text(), members_of(root / name))
    folders = [str(root / name) for name in CASES]
    command = [sys.executable, "-c", LOAD, *folders]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: (state, float(seconds), float(peak) / 1024) for name, state, seconds, peak in lines}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a process's peak in /proc")
@pytest.mark.parametrize("name", CASES)
def test_refusing_it_takes_little(measured: dict[str, tuple[str, float, float]], name: str) -> None:
    state, seconds, peak_mb = measured[name]
    assert (state, seconds < LONGEST_S, peak_mb < MOST_MB) == ("refused", True, True), (seconds, peak_mb)
