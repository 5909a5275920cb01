"""What a stage's outputs depend on, as hashes of content: files, source code, tool versions, settings."""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["hash_json", "hash_path", "source_files", "tool_versions"]

PACKAGES = ("spikecae", "model", "quantize", "rtl", "sim", "synth", "flow.report")
"""Packages whose code shapes outputs. The rest of ``flow`` only decides when stages run."""


def hash_path(path: Path) -> str:
    """SHA-256 of a file's bytes, or of the names and bytes of all files in a folder, in hex.

    Raises:
        FileNotFoundError: there is neither.
    """
    if path.is_dir():
        parts = [(str(file.relative_to(path)), hash_path(file)) for file in sorted(path.rglob("*")) if file.is_file()]
        return hash_json(parts)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
