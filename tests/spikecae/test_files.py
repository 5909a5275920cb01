from pathlib import Path

import pytest

from spikecae.files import replaced, replacing, write_bytes, write_text


def write_half(path: Path) -> None:
    before = path.read_bytes()
    with replacing(path) as file:
        file.write(b"half of it")
        file.flush()
        assert path.read_bytes() == before, "others see the old file until the end"
        raise RuntimeError("disk full")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.txt"
    write_text(path, "σ\n")
    assert path.read_bytes() == b"\xcf\x83\n"
    with pytest.raises(RuntimeError, match="disk full"):
        write_half(path)
    assert path.read_text() == "σ\n"
    assert list(path.parent.iterdir()) == [path], "nothing else is left"
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
