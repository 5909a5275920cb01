"""NumPy's files as streams of rows: read without holding an array, written without knowing how long it will be."""

import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from spikecae.files import replacing

__all__ = ["ArrayFileError", "ArrayWriter", "RowReader", "open_arrays"]


class ArrayFileError(ValueError):
    """A file that is no NumPy array, or not one that can be read row by row."""


class RowReader:
    """An array in a file, read a few rows at a time.

    Attributes:
        shape: of the whole array.
        dtype: of its values.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        try:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            self.shape, by_column, self.dtype = read(file)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ArrayFileError(f"{name}: no NumPy array: {error}") from None
        if by_column or self.dtype.hasobject or not self.shape:
            raise ArrayFileError(f"{name}: must be an array of numbers in C order; save it again with numpy.save")
        self._left = self.shape[0]

    def read(self, rows: int) -> NDArray[Any]:
        """The next rows, fewer at the end.

        Raises:
            ArrayFileError: the file ends too early.
        """
        rows = min(rows, self._left)
        size = rows * math.prod(self.shape[1:]) * self.dtype.itemsize
        try:
            data = self._file.read(size)
        except (zipfile.BadZipFile, EOFError) as error:
            raise ArrayFileError(f"{self._name}: damaged: {error}") from None
        if len(data) < size:
            raise ArrayFileError(f"{self._name}: ends {self._left - rows + 1} or more rows too early; copy it again")
        self._left -= rows
        return np.frombuffer(data, self.dtype).reshape(rows, *self.shape[1:])


@contextmanager
def open_arrays(path: Path, sole: str) -> Iterator[dict[str, RowReader]]:
    """The arrays of an ``.npz`` by name, or that of an ``.npy`` as ``sole``.

    Raises:
        FileNotFoundError: there is no such file.
        ArrayFileError: it is neither.
    """
    with ExitStack() as stack:
        if not zipfile.is_zipfile(path):
            yield {sole: RowReader(stack.enter_context(open(path, "rb")), str(path))}
            return
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            members = {
                name.removesuffix(".npy"): RowReader(stack.enter_context(archive.open(name)), f"{path}: {name}")
                for name in archive.namelist()
            }
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise ArrayFileError(f"{path}: damaged or unknown kind of npz: {error}") from None
        yield members


class ArrayWriter:
    """Arrays that grow row by row, and become an ``.npz`` when the ``with`` block ends well.

    Until then they lie in unnamed temporary files beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self._parts: dict[str, tuple[IO[bytes], np.dtype[Any], tuple[int, ...]]] = {}
        self._rows: dict[str, int] = {}

    def append(self, name: str, rows: NDArray[Any]) -> None:
        """Add rows to the array of that name; all of one type and shape."""
        if name not in self._parts:
            new = tempfile.TemporaryFile(dir=self._path.parent)  # noqa: SIM115 (the stack closes it)
            self._parts[name] = self._stack.enter_context(new), rows.dtype, rows.shape[1:]
            self._rows[name] = 0
        spool, dtype, shape = self._parts[name]
        if (rows.dtype, rows.shape[1:]) != (dtype, shape):
            raise ValueError(f"{name} has rows of {dtype}{shape}, got {rows.dtype}{rows.shape[1:]}")
        spool.write(np.ascontiguousarray(rows).data)
        self._rows[name] += len(rows)

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            if kind is None:
                self._write()

    def _write(self) -> None:
        with replacing(self._path) as file, zipfile.ZipFile(file, "w") as archive:
            for name, (spool, dtype, shape) in self._parts.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    head = {
                        "descr": npy.dtype_to_descr(dtype),
                        "fortran_order": False,
                        "shape": (self._rows[name], *shape),
                    }
                    npy.write_array_header_1_0(member, head)
                    spool.seek(0)
                    shutil.copyfileobj(spool, member, 1 << 20)
