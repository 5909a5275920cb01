"""Outputs: replaced whole or not at all, and never in place of what is read from."""

import errno
import os
from pathlib import Path

import pytest

from spikecae import files
from spikecae.errors import describe
from spikecae.files import OutputError, check_output, replaced, replacing, write_bytes, write_text


def test_a_file_is_replaced_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x"
    with replacing(path) as file:
        file.write(b"one")
        assert not path.exists()
    with replacing(path) as file:
        file.write(b"two")
        assert path.read_bytes() == b"one"
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["x"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_whatever_fails_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def write() -> None:
        with replacing(path) as file:
            file.write(b"new")
            raise error("fails")

    with pytest.raises(error):
        write()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("disk/real")
    with replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "real").read_bytes() == b"new"
    assert os.listdir(tmp_path / "disk") == ["real"]


def test_a_full_disk_is_named_by_the_file_that_was_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught, replacing(tmp_path / "x") as file:
        file.write(b"new")
    assert describe(caught.value) == f"{tmp_path / 'x'}: no space is left on its disk; free some, or write elsewhere"
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named_by_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError, match="file") as caught, replacing(tmp_path / "file" / "x"):
        pass
    assert str(describe(caught.value)).startswith(f"{tmp_path / 'file'}: what this path takes for a folder is a file")
    long = tmp_path / ("n" * 252)  # the temporary name beside it is longer
    with pytest.raises(OSError, match="too long") as caught, replacing(long):
        pass
    assert str(describe(caught.value)).startswith(f"{long}: the name is too long")


def check(path: Path, *inputs: Path, overwrite: bool = False) -> None:
    check_output(path, inputs, kind="new", is_kind=lambda path: path.read_bytes() == b"new", overwrite=overwrite)


def test_what_is_read_is_not_written_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = Path("source")
    source.write_bytes(b"new")
    os.link(source, "hard")
    Path("soft").symlink_to("source")
    Path("folder").mkdir()
    for name in ("source", "./source", "folder/../source", str(tmp_path / "source"), "hard", "soft"):
        for overwrite in (False, True):
            with pytest.raises(OutputError, match="is read from, so it cannot be the output too"):
                check(Path(name), Path("gone"), source, overwrite=overwrite)
            with pytest.raises(OutputError, match="is read from"):
                check(source, Path(name), overwrite=overwrite)
    check(Path("elsewhere"), source)


def test_only_earlier_outputs_are_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"new")
    (tmp_path / "theirs").write_bytes(b"a day's work")
    check(tmp_path / "mine")
    with pytest.raises(OutputError, match="theirs exists and is not new; name another output, or replace it with over"):
        check(tmp_path / "theirs")
    check(tmp_path / "theirs", overwrite=True)


def test_folders_and_devices_are_no_outputs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "pipe", "no regular"), (Path("/dev/null"), "no reg")):
        with pytest.raises(OutputError, match=reason):
            check(path, overwrite=True)


def test_content_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.txt"
    write_text(path, "σ\n")
    assert path.read_bytes() == b"\xcf\x83\n"
    write_bytes(path, b"\x00")
    assert path.read_bytes() == b"\x00"


def test_a_program_writes_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with replaced(path) as name:
        name.write_bytes(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    with pytest.raises(FileNotFoundError), replaced(path):
        pass  # a program that writes nothing
    assert path.read_bytes() == b"new"
