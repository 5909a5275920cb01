"""What is large is read once, and what decides is still its content."""

import os
import time
from pathlib import Path

import pytest

from flow import fingerprint
from flow.fingerprint import LARGE, SETTLED_NS, KnownHashes, hash_path
from flow.task import Task
from model.recording_files import files_read
from tests.recordings import traces, write_open_ephys, write_spikeglx


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files whose bytes were read."""
    seen: list[str] = []
    digest = fingerprint.hashlib.file_digest

    def counted(file, kind):
        seen.append(Path(file.name).name)
        return digest(file, kind)

    monkeypatch.setattr(fingerprint.hashlib, "file_digest", counted)
    return seen


def large(path: Path, last: bytes = b"a") -> Path:
    with open(path, "wb") as file:
        file.truncate(LARGE)  # sparse
        file.seek(LARGE - 1)
        file.write(last)
    return path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files just written count as left alone for a while."""
    now = time.time_ns
    monkeypatch.setattr(fingerprint.time, "time_ns", lambda: now() + 2 * SETTLED_NS)


@pytest.mark.usefixtures("later")
def test_a_large_file_is_read_once(tmp_path: Path, reads: list[str]) -> None:
    file, store = large(tmp_path / "six gigabytes.bin"), tmp_path / "build" / "large-files.json"
    first = hash_path(file, KnownHashes(store))
    assert hash_path(file, KnownHashes(store)) == first == hash_path(file)
    assert reads == ["six gigabytes.bin"] * 2  # the second without what is known
    store.write_text("{broken")
    assert hash_path(file, KnownHashes(store)) == first
    assert hash_path(tmp_path, KnownHashes(store)) == hash_path(tmp_path)


@pytest.mark.usefixtures("later")
def test_other_content_of_the_same_size_and_time_is_noticed(tmp_path: Path, reads: list[str]) -> None:
    file, known = large(tmp_path / "a.bin"), KnownHashes(tmp_path / "known.json")
    before, times = known.of(file), file.stat()
    large(file, b"b")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert known.of(file) != before
    os.utime(file)
    assert known.of(file) == hash_path(file)  # touched: read again, and the same


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path, reads: list[str]) -> None:
    file, known = large(tmp_path / "a.bin"), KnownHashes(tmp_path / "known.json")
    assert known.of(file) == known.of(file)
    assert len(reads) == 2


def test_what_lies_beside_a_recording_does_not_count(tmp_path: Path) -> None:
    uv = traces(2, 0.1)
    write_spikeglx(tmp_path / "glx", uv)
    large(tmp_path / "glx" / "video.avi")
    assert [file.name for file in files_read(tmp_path / "glx")] == ["run_g0_t0.imec0.ap.meta", "run_g0_t0.imec0.ap.bin"]
    write_open_ephys(tmp_path / "oe", {"Neuropix-PXI-100.ProbeA-AP": (uv, 30_000.0)})
    large(tmp_path / "oe" / "video.avi")
    names = {file.name for file in files_read(tmp_path / "oe")}
    assert names == {"structure.oebin", "continuous.dat", "sample_numbers.npy", "timestamps.npy", "settings.xml"}
    for name in ("raw.mda", "params.json", "geom.csv", "info.rhd", "amplifier.dat", "a.mat"):
        (tmp_path / name).touch()
    assert [file.name for file in files_read(tmp_path / "raw.mda")] == ["raw.mda", "params.json", "geom.csv"]
    assert {file.name for file in files_read(tmp_path / "info.rhd")} >= {"info.rhd", "amplifier.dat"}
    assert files_read(tmp_path / "a.mat") == tmp_path / "a.mat"
    (tmp_path / "folder").mkdir()
    assert files_read(tmp_path / "folder") == tmp_path / "folder"


def test_several_files_are_one_input(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("1")
    second.write_text("2")
    task = Task(
        name="t",
        entry="flow.stages.data",
        output=tmp_path,
        files=(),
        run=lambda folder, console: "",
        inputs={"x": [first, second]},
    )
    before = task.ingredients()["input"]["x"]
    second.write_text("3")
    assert task.ingredients()["input"]["x"] != before
