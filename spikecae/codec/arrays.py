"""NumPy's files as streams of rows: read without holding an array, written without knowing how long it will be."""

import lzma
import math
import shutil
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from spikecae.errors import InputError, sentence
from spikecae.files import name_full_disk, replacing

__all__ = ["ArrayFileError", "ArrayWriter", "RowReader", "open_arrays"]

VERSIONS = ((1, 0), (2, 0), (3, 0))
"""Of NumPy's format."""
COPIED_AT_A_TIME = 1 << 20
"""Bytes."""
ARCHIVE = (b"PK\x03\x04", b"PK\x05\x06")
"""How an ``.npz`` begins, one without a member too."""
DAMAGE = (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, OSError)
"""What :mod:`zipfile` raises on archives that are corrupt, encrypted, or packed in an unknown way."""


class ArrayFileError(InputError):
    """A file that is no NumPy array, or not one that can be read row by row."""


class RowReader:
    """An array in a file, read a few rows at a time. Fortran order is read too, column by column.

    Args:
        file: at the array's first byte.
        name: what messages call it.
        size: bytes of the file, or of the archive's member.

    Attributes:
        shape: of the whole array.
        dtype: of its values.
        by_column: whether it is in Fortran order.

    Raises:
        ArrayFileError: it is no array of numbers, or not as long as it says.
    """

    def __init__(self, file: IO[bytes], name: str, size: int) -> None:
        self._file, self._name, self._at = file, name, 0
        self.shape, self.by_column, self.dtype = self._read_header()
        self._start = file.tell()
        missing = self._start + self.shape[0] * self._row_bytes - size
        if missing > 0:
            raise ArrayFileError(f"{name}: damaged: ends {missing} bytes too early for {self.shape}; copy it again")
        if missing < 0:
            raise ArrayFileError(
                f"{name}: {-missing} bytes follow the array of {self.shape}; save each array to a file of its own"
            )

    @property
    def _row_bytes(self) -> int:
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def _read_header(self) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        try:
            version = npy.read_magic(self._file)
            if version not in VERSIONS:
                raise ValueError(f"version {version[0]}.{version[1]} of the format is unknown")
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, by_column, dtype = read(self._file)
        except (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError) as error:
            raise ArrayFileError(f"{self._name}: no NumPy array: {error}; save it anew with numpy.save") from None
        except DAMAGE as error:
            raise ArrayFileError(f"{self._name}: damaged: {sentence(error)}; copy the file again") from None
        if dtype.hasobject:
            raise ArrayFileError(f"{self._name}: holds Python objects, not numbers; save an array of numbers")
        if not shape or min(shape) < 0:
            raise ArrayFileError(f"{self._name}: has the shape {shape}; save an array with one row a block")
        return shape, by_column, dtype

    def move_to(self, file: IO[bytes]) -> None:
        """Copy the array's values to ``file``, and go on there."""
        try:
            shutil.copyfileobj(self._file, file, COPIED_AT_A_TIME)
        except DAMAGE as error:
            raise ArrayFileError(f"{self._name}: damaged: {sentence(error)}; copy the file again") from None
        self._file, self._start = file, 0

    def first(self) -> NDArray[Any] | None:
        """The first row, which :meth:`read` still reads; None if there is none."""
        if not self.shape[0] or self._at:
            return None
        row: NDArray[Any] = self.read(1)[0]
        self._at = 0
        self._file.seek(self._start)
        return row

    def read(self, rows: int) -> NDArray[Any]:
        """The next rows, fewer at the end.

        Raises:
            ArrayFileError: the file is damaged.
        """
        rows = min(rows, self.shape[0] - self._at)
        if self.by_column:
            array = self._read_columns(rows)
        else:
            array = np.frombuffer(self._take(rows * self._row_bytes), self.dtype).reshape(rows, *self.shape[1:])
        self._at += rows
        return array

    def _read_columns(self, rows: int) -> NDArray[Any]:
        """Rows of an array in which all rows' first values come first, then all their second ones, and so on."""
        columns = np.empty((math.prod(self.shape[1:]), rows), self.dtype)
        for number, column in enumerate(columns):
            self._file.seek(self._start + (number * self.shape[0] + self._at) * self.dtype.itemsize)
            column[:] = np.frombuffer(self._take(column.nbytes), self.dtype)
        return columns.reshape(*reversed(self.shape[1:]), rows).T

    def _take(self, size: int) -> bytes:
        try:
            data = self._file.read(size)
        except DAMAGE as error:
            raise ArrayFileError(f"{self._name}: damaged: {sentence(error)}; copy the file again") from None
        if len(data) < size:
            raise ArrayFileError(f"{self._name}: damaged: ends {size - len(data)} bytes too early; copy it again")
        return data


@contextmanager
def open_arrays(path: Path, wanted: Collection[str], sole: str) -> Iterator[dict[str, RowReader]]:
    """Those of the ``wanted`` arrays that an ``.npz`` has, by name, or that of an ``.npy`` as ``sole``.

    Raises:
        FileNotFoundError: there is no such file.
        ArrayFileError: it is neither, or has no array called ``sole``.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open(path, "rb"))
        start = file.read(len(npy.MAGIC_PREFIX))
        file.seek(0)
        if start.startswith(npy.MAGIC_PREFIX):
            yield {sole: RowReader(file, str(path), path.stat().st_size)}
            return
        if not start.startswith(ARCHIVE):
            raise ArrayFileError(f"{path}: no file of NumPy; save blocks with numpy.save (.npy) or numpy.savez (.npz)")
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            members = {item.filename.removesuffix(".npy"): item for item in archive.infolist()}
            if sole not in members:
                raise ArrayFileError(
                    f"{path}: holds {', '.join(sorted(members)) or 'nothing'}; an array {sole!r} is needed"
                )
            readers = {
                name: RowReader(stack.enter_context(archive.open(item)), f"{path}: {name}", item.file_size)
                for name, item in members.items()
                if name in wanted
            }
            for reader in readers.values():
                if reader.by_column:  # in a compressed member, each column would be looked for from its start
                    reader.move_to(stack.enter_context(tempfile.TemporaryFile()))
        except DAMAGE as error:
            raise ArrayFileError(f"{path}: damaged or unknown kind of npz: {sentence(error)}; copy it again") from None
        yield readers


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
            elif isinstance(error, OSError):
                name_full_disk(error, self._path)

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
                    shutil.copyfileobj(spool, member, COPIED_AT_A_TIME)
