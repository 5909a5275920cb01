import errno
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikecae.codec.arrays import ArrayFileError, ArrayWriter, open_arrays


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "u1", "<f4", "<f8"])
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_rows_are_those_that_numpy_loads(tmp_path: Path, dtype: str, rows: int) -> None:
    array = np.random.default_rng(0).integers(0, 100, (10, 3, 4)).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", a=array, b=array[:, 0, 0])
    for path, names in ((tmp_path / "a.npy", {"a"}), (tmp_path / "a.npz", {"a", "b"})):
        with open_arrays(path, ("a", "b"), "a") as arrays:
            assert set(arrays) == names
            assert (arrays["a"].shape, arrays["a"].dtype) == ((10, 3, 4), np.dtype(dtype))
            parts = []
            for _ in range(0, 10, rows):
                parts.append(arrays["a"].read(rows))
                if "b" in arrays:  # in turns
                    assert np.array_equal(arrays["b"].read(rows), parts[-1][:, 0, 0])
            assert np.array_equal(np.concatenate(parts), array)
            assert len(arrays["a"].read(5)) == 0


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_fortran_order_is_read_by_columns(tmp_path: Path, save: Callable[..., None]) -> None:
    array = np.asfortranarray(np.random.default_rng(1).normal(size=(10, 3, 4)))
    path = tmp_path / f"a.{'npy' if save is np.save else 'npz'}"
    save(path, array) if save is np.save else save(path, a=array)
    with open_arrays(path, ("a",), "a") as arrays:
        assert arrays["a"].by_column
        assert np.array_equal(arrays["a"].first(), array[0])
        parts = [arrays["a"].read(rows) for rows in (1, 4, 9, 3)]
    assert [len(part) for part in parts] == [1, 4, 5, 0]
    assert np.array_equal(np.concatenate(parts), array)


def test_a_compressed_archive_is_gone_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each search in one would unpack it from its start."""
    array = np.asfortranarray(np.arange(120).reshape(10, 3, 4))
    np.savez_compressed(tmp_path / "a.npz", a=array)
    monkeypatch.delattr(zipfile.ZipExtFile, "seek")
    with open_arrays(tmp_path / "a.npz", ("a",), "a") as arrays:
        assert np.array_equal(arrays["a"].read(10), array)


def test_columns_are_read_in_little_memory(tmp_path: Path) -> None:
    array = np.asfortranarray(np.random.default_rng(2).integers(0, 99, (100_000, 4, 16)).astype(np.int16))
    np.save(tmp_path / "a.npy", array)
    with open_arrays(tmp_path / "a.npy", ("a",), "a") as arrays:
        tracemalloc.start()
        for first in range(0, len(array), 1000):
            assert np.array_equal(arrays["a"].read(1000), array[first : first + 1000])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < array.nbytes / 10


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_first_row_is_there_to_read_again(tmp_path: Path, order: str) -> None:
    array = np.array([[5, 6], [7, 8]], order=order)
    np.savez_compressed(tmp_path / "a.npz", a=array)
    with open_arrays(tmp_path / "a.npz", ("a",), "a") as arrays:
        assert arrays["a"].first().tolist() == [5, 6]
        assert arrays["a"].read(2).tolist() == [[5, 6], [7, 8]]
    np.save(tmp_path / "none.npy", array[:0])
    with open_arrays(tmp_path / "none.npy", ("a",), "a") as arrays:
        assert arrays["a"].first() is None


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no file of NumPy; save blocks with"),
        (b"not an array", "no file of NumPy"),
        (b"PK\x03\x04 cut short", "damaged or unknown kind of npz"),
        (b"\x93NUMPY\x01\x00\xff\xff", "no NumPy array"),
        (b"\x93NUMPY\x09\x00\x00\x00", "version 9.0 of the format is unknown"),
        (header("{'descr': '<i2', 'fortran_order': False, 'shape': (-1, 2)}"), "has the shape (-1, 2)"),
        (header("{'descr': '<i2', 'fortran_order': False, 'shape': ()}") + b"ab", "has the shape ()"),
        (header("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1)}") + b"abc", "ends 1 bytes too early"),
        (header("{'descr': '<i2', 'fortran_order': False, 'shape': (9999999999,)}"), "bytes too early"),
        (header("{'descr': '<i2', 'fortran_order': False, 'shape': (1,)}") + b"abc", "1 bytes follow the array"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "Python objects, not numbers"),
        (header("{'descr': '<i2', 'fortran_order': False"), "no NumPy array"),
        (header("(" * 300), "no NumPy array"),
    ],
)
def test_files_that_are_no_arrays_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(ArrayFileError) as refusal, open_arrays(path, ("a",), "a"):
        pass
    assert str(refusal.value).startswith(str(path))
    assert reason in str(refusal.value)


@given(st.binary(max_size=80))
def test_any_header_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    with suppress(ArrayFileError), open_arrays(path, ("a",), "a"):
        pass


def test_a_file_that_is_missing_is_the_systems_to_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_arrays(tmp_path / "b.npy", ("b",), "b"):
        pass


def test_members_that_are_not_wanted_need_not_be_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(3), meta=np.array([{}]))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "hello")
    with open_arrays(path, ("a", "b"), "a") as arrays:
        assert list(arrays) == ["a"]
        assert arrays["a"].read(9).tolist() == [0, 1, 2]
    with pytest.raises(ArrayFileError, match=r"holds a, meta, readme\.txt; an array 'b' is needed"):
        open_arrays(path, ("b",), "b").__enter__()


def test_two_arrays_in_one_npy_are_not_read_as_one(tmp_path: Path) -> None:
    with open(tmp_path / "a.npy", "wb") as file:
        np.save(file, np.arange(3))
        np.save(file, np.arange(4))
    with pytest.raises(ArrayFileError, match=r"160 bytes follow the array of \(3,\)"):
        open_arrays(tmp_path / "a.npy", ("a",), "a").__enter__()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_damaged_archive_is_noticed(tmp_path: Path, save: Callable[..., None], order: str) -> None:
    """Wherever it is damaged: by the archive's own checksum, or the values are not touched."""
    path = tmp_path / "a.npz"
    array = np.asarray(np.random.default_rng(0).integers(0, 5, (40, 5)), np.uint8, order=order)
    save(path, a=array)
    sound, unharmed = path.read_bytes(), 0
    for at in range(len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x5A]) + sound[at + 1 :])
        with suppress(ArrayFileError), open_arrays(path, ("a",), "a") as arrays:
            assert np.array_equal(arrays["a"].read(100), array)
            unharmed += 1
    assert unharmed < len(sound) - array.size / 4


def test_appended_rows_become_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.npz"
    with ArrayWriter(path) as writer:
        for start in range(0, 50, 7):
            writer.append("a", np.arange(start, min(start + 7, 50)).reshape(-1, 1) * np.ones((1, 3), np.float32))
            writer.append("b", np.ones(start % 2, np.bool_))
        assert not path.exists()
    with np.load(path, allow_pickle=False) as stored:
        assert np.array_equal(stored["a"], np.arange(50)[:, None] * np.ones((1, 3)))
        assert stored["a"].dtype == np.float64
        assert stored["b"].shape == (4,)
    assert zipfile.ZipFile(path).testzip() is None
    assert [item.name for item in path.parent.iterdir()] == ["out.npz"]


def test_rows_of_another_kind_are_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.npz"
    path.write_bytes(b"old")

    def write() -> None:
        with ArrayWriter(path) as writer:
            writer.append("a", np.zeros((4, 2), np.int64))
            writer.append("a", np.zeros((4, 3), np.int64))

    with pytest.raises(ValueError, match=r"a has rows of int64\(2,\), got int64\(3,\)"):
        write()
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["out.npz"]


def test_a_full_disk_is_named_by_the_file_that_was_to_be(tmp_path: Path) -> None:
    path = tmp_path / "out.npz"

    def write() -> None:
        with ArrayWriter(path) as writer:
            writer.append("a", np.zeros(4))
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space") as full:
        write()
    assert full.value.filename == str(path)
