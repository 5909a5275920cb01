"""What code an output depends on, and a hash of what that code says.

Comments, docstrings and layout say nothing to a machine: the hash is of the syntax tree without them, and the same
whatever Python reads it, as fields without a value are left out.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flow.fingerprint import hash_path

__all__ = ["code_hashes", "module_file"]

WHOLE = ("spikecae", "model", "quantize", "rtl", "sim", "synth", "flow.report", "flow.price")
"""Packages whose modules count as a whole. The rest of ``flow`` only decides when stages run."""
DISCOVERY = "spikecae.discovery"
"""A package that imports this imports every module in its folder."""
BY_NAME = ("experiments",)
"""Packages of whose modules only that counts which is used: the rest says what is asked for, and how it is shown."""


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a module, as far as anything depends on it."""

    content: str
    binds: frozenset[str]
    uses: frozenset[str]
    imports: tuple[tuple[str, str | None], ...]
    """Modules, each with the name taken from it, if one is."""
    strings: frozenset[str]


def module_file(name: str, root: Path) -> Path:
    """File of the module or package of this dotted name.

    Raises:
        FileNotFoundError: ``root`` has none.
    """
    path = _module_file(name, root)
    if path is None:
        raise FileNotFoundError(f"no module {name} in {root}")
    return path


def _module_file(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def code_hashes(entry: Path, root: Path, name: str | None = None) -> dict[str, str]:
    """SHA-256, in hex, of all that a module depends on: file by file, by their paths under ``root``.

    Followed are imports, also those in functions, and all files of a room that imports them so. Files that modules
    name, such as templates, count with every byte.

    Args:
        entry: a module.
        root: folder of the packages.
        name: what counts of ``entry``, with all that it uses; None for the whole of it.

    Raises:
        FileNotFoundError: there is no such module.
        ValueError: it binds no such name.
    """
    if name is not None and not any(name in statement.binds for statement in _statements(entry.read_bytes())):
        raise ValueError(f"{entry}: no {name} at the top of the module")
    used: dict[Path, set[int]] = {}
    files: set[Path] = set()
    waiting: list[tuple[Path, str | None]] = [(entry, name)]
    done: set[tuple[Path, str | None]] = set()
    while waiting:
        place = waiting.pop()
        if place in done:
            continue
        done.add(place)
        path, wanted = place
        statements = _statements(path.read_bytes())
        numbers = range(len(statements)) if wanted is None else _closure(statements, wanted)
        new = [statements[number] for number in set(numbers) - used.setdefault(path, set())]
        used[path].update(numbers)
        strings = frozenset[str]().union(*(statement.strings for statement in new))
        files.update(file for file in _files_beside(path) if file.name in strings)
        targets = [target for statement in new for target in statement.imports]
        waiting += _reached(targets, root)
        if path.name == "__init__.py" and any(module == DISCOVERY for module, _ in targets):
            waiting += [(file, None) for file in sorted(path.parent.glob("*.py"))]
    hashes = {path: _hash(path, sorted(numbers)) for path, numbers in used.items()}
    hashes |= {path: hash_path(path) for path in files}
    return {path.relative_to(root).as_posix(): hashes[path] for path in sorted(hashes)}


def _hash(path: Path, numbers: Iterable[int]) -> str:
    statements = _statements(path.read_bytes())
    digest = hashlib.sha256()
    for number in numbers:
        digest.update(f"{statements[number].content}\n".encode())
    return digest.hexdigest()


def _closure(statements: tuple[Statement, ...], name: str) -> set[int]:
    """Numbers of the statements that bind ``name``, or what these use."""
    found: set[int] = set()
    names, seen = [name], {name}
    while names:
        wanted = names.pop()
        for number, statement in enumerate(statements):
            if wanted in statement.binds and number not in found:
                found.add(number)
                names += statement.uses - seen
                seen |= statement.uses
    return found


def _files_beside(path: Path) -> list[Path]:
    return [file for file in path.parent.iterdir() if file.suffix not in ("", ".py") and file.is_file()]


def _reached(imports: Iterable[tuple[str, str | None]], root: Path) -> Iterator[tuple[Path, str | None]]:
    """The modules that imports load, and the packages that these are in, as far as they count."""
    for module, name in imports:
        if name is not None and _module_file(f"{module}.{name}", root):
            module, name = f"{module}.{name}", None
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            part = ".".join(parts[:end])
            path = _module_file(part, root)
            if path is not None and _counts(part, WHOLE):
                yield path, None
            elif path is not None and _counts(part, BY_NAME):
                yield path, name if part == module else None


def _counts(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@lru_cache(maxsize=4096)
def _statements(source: bytes) -> tuple[Statement, ...]:
    """A module's statements; one that imports several things counts as so many."""
    found: list[Statement] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            found += [_statement(ast.ImportFrom(node.module, [alias], node.level)) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [_statement(ast.Import([alias])) for alias in node.names]
        elif not _says_nothing(node):
            found.append(_statement(node))
    return tuple(found)


def _statement(statement: ast.stmt) -> Statement:
    binds: set[str] = set()
    uses: set[str] = set()
    imports: list[tuple[str, str | None]] = []
    strings: set[str] = set()
    for node in ast.walk(statement):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                binds.add(name)
            case ast.Name(id=name, ctx=ast.Load()):
                uses.add(name)
            case ast.Name(id=name):
                binds.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                binds.add(name)  # an entry more
            case ast.Constant(value=str(value)):
                strings.add(value)
            case ast.Import(names=names):
                imports += [(alias.name, None) for alias in names]
                binds.update(alias.asname or alias.name.split(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                imports += [(module, alias.name) for alias in names]
                binds.update(alias.asname or alias.name for alias in names)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        binds = {statement.name}  # what it binds inside is its own
    content = json.dumps(_content(statement), separators=(",", ":"))
    return Statement(content, frozenset(binds), frozenset(uses), tuple(imports), frozenset(strings))


def _content(node: Any) -> Any:
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return [type(node).__name__, {name: _content(value) for name, value in fields}]
    if isinstance(node, list):
        return [_content(item) for item in node if not _says_nothing(item)]
    return repr(node)


def _says_nothing(node: Any) -> bool:
    """A docstring, or any other string that stands alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
