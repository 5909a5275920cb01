import zipfile
from pathlib import Path

import numpy as np
import pytest

from spikecae.codec.arrays import ArrayFileError, ArrayWriter, open_arrays


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "u1", "<f4", "<f8"])
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_rows_are_those_that_numpy_loads(tmp_path: Path, dtype: str, rows: int) -> None:
    array = np.random.default_rng(0).integers(0, 100, (10, 3, 4)).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", a=array, b=array[:, 0, 0])
    for path, names in ((tmp_path / "a.npy", {"a"}), (tmp_path / "a.npz", {"a", "b"})):
        with open_arrays(path, "a") as arrays:
            assert set(arrays) == names
            assert (arrays["a"].shape, arrays["a"].dtype) == ((10, 3, 4), np.dtype(dtype))
            parts = []
            for _ in range(0, 10, rows):
                parts.append(arrays["a"].read(rows))
                if "b" in arrays:  # in turns
                    assert np.array_equal(arrays["b"].read(rows), parts[-1][:, 0, 0])
            assert np.array_equal(np.concatenate(parts), array)
            assert len(arrays["a"].read(5)) == 0


def test_files_that_cannot_be_streamed_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for array in (np.array([{}]), np.asfortranarray(np.ones((3, 4))), np.float64(1)):
        np.save(path, array, allow_pickle=True)
        with pytest.raises(ArrayFileError, match="array of numbers in C order"), open_arrays(path, "a"):
            pass
    for data in (b"", b"not an array", b"\x93NUMPY\x01\x00\xff\xff"):
        path.write_bytes(data)
        with pytest.raises(ArrayFileError, match="no NumPy array"), open_arrays(path, "a"):
            pass
    with pytest.raises(FileNotFoundError), open_arrays(tmp_path / "b.npy", "b"):
        pass


def test_a_truncated_array_is_noticed_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(100))
    path.write_bytes(path.read_bytes()[:-8])
    with open_arrays(path, "a") as arrays:
        assert arrays["a"].read(90).tolist() == list(range(90))
        with pytest.raises(ArrayFileError, match="too early"):
            arrays["a"].read(10)


def test_a_damaged_archive_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(1000, np.uint8))
    data = bytearray(path.read_bytes())
    data[600] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArrayFileError, match="damaged"), open_arrays(path, "a") as arrays:
        arrays["a"].read(1000)


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
