"""What a stage's outputs depend on, as hashes of content: files, source code, tool versions, settings."""

import ast
import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["KnownHashes", "hash_json", "hash_path", "source_files", "tool_versions"]

PACKAGES = ("spikecae", "model", "quantize", "rtl", "sim", "synth", "flow.report")
"""Packages whose code shapes outputs. The rest of ``flow`` only decides when stages run."""

LARGE = 1 << 20
"""Bytes; smaller files are read as fast as they are looked up."""
SETTLED_NS = 2 * 10**9
"""Coarser than the clock of any file system in use."""


def hash_path(path: Path, known: "KnownHashes | None" = None) -> str:
    """SHA-256 of a file's bytes, or of the names and bytes of all files in a folder, in hex.

    ``known`` spares reading files that it has seen.

    Raises:
        FileNotFoundError: there is neither.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return hash_json([(str(file.relative_to(path)), hash_path(file, known)) for file in files])
    if known is not None:
        return known.of(path)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class KnownHashes:
    """Hashes of large files by what the file system says of them, so that what did not change is not read again.

    Content decides: an entry holds for one size, time of change and inode, and is only kept if the file had been left
    alone for a while, so that no later change can bear the same time.

    Args:
        path: the JSON file that they are kept in; missing or broken, nothing is known.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            stored = json.loads(path.read_bytes())
            self._known: dict[str, list[Any]] = stored if isinstance(stored, dict) else {}
        except (OSError, ValueError):
            self._known = {}

    def of(self, file: Path) -> str:
        """SHA-256 of a file's bytes, in hex.

        Raises:
            FileNotFoundError: there is no such file.
        """
        found = file.stat()
        if found.st_size < LARGE:
            return hash_path(file)
        key = str(file.resolve())
        identity = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
        entry = self._known.get(key)
        if isinstance(entry, list) and len(entry) == 2 and entry[0] == identity:
            return str(entry[1])
        content = hash_path(file)
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED_NS:
            self._known[key] = [identity, content]
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_suffix(".new")
            temporary.write_text(json.dumps(self._known), encoding="utf-8")
            temporary.replace(self._path)
        return content


def hash_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, in hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def source_files(entry: str, root: Path) -> list[Path]:
    """The module ``entry``, every module of ``PACKAGES`` that it reaches by imports, also by those in functions, and
    the files beside them that they name, such as templates.

    Args:
        entry: dotted name of a module under ``root``.
        root: folder of the packages.
    """
    found: set[Path] = set()
    waiting = [_module_file(entry, root)]
    while waiting:
        path = waiting.pop()
        if path is None or path in found:
            continue
        found.add(path)
        tree = ast.parse(path.read_bytes())
        found.update(_named_files(tree, path.parent))
        waiting += [_module_file(name, root) for name in _imports(tree, path, root) if _counts(name)]
    return sorted(found)


def _named_files(tree: ast.Module, folder: Path) -> Iterator[Path]:
    """Files in a module's own folder, other than modules, whose names are written in it."""
    names = {path.name: path for path in folder.iterdir() if path.suffix not in ("", ".py") and path.is_file()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            yield names[node.value]


def _counts(name: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in PACKAGES)


def _module_file(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.Module, path: Path, root: Path) -> Iterator[str]:
    """Dotted names of modules that a file's import statements load, the packages on the way included."""
    for node in ast.walk(tree):
        names: Iterable[str] = ()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = list(path.relative_to(root).with_suffix("").parts[: -node.level]) if node.level else []
            module = ".".join([*package, *([node.module] if node.module else [])])
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: end + 1]) for end in range(len(parts)))


def tool_versions(distributions: Iterable[str]) -> dict[str, str]:
    """Installed version of each Python distribution; ``missing`` where it is not installed."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
