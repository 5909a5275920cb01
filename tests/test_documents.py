"""What documents and docstrings name is there: files, modules, what is in them, and places in other documents."""

import ast
import importlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.test_architecture import MAY_IMPORT, ROOT, dotted, modules

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PACKAGES = (*MAY_IMPORT, "tests")
FOLDERS = "|".join((*PACKAGES, "designs", "docs"))
FILE = re.compile(rf"(?<![\w./-])(?:{FOLDERS})/[\w./-]*?\w\.(?:py|md|toml|cpp|html)\b")
FOLDER = re.compile(rf"`((?:{FOLDERS})/[\w/-]+)`")
NAME = re.compile(r"`(\w+\.py)`")
RUN = re.compile(rf"python -m ((?:{'|'.join(PACKAGES)})[\w.]*)")
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)")
ROLE = re.compile(r":(?:mod|class|func|meth|attr|data):`~?([\w.]+)`")
NAMES = {path.name for package in MAY_IMPORT for path in modules(package)}
EXAMPLES = {"designs/x.toml", "designs/example.toml"}
"""Designs that a reader writes."""


def docstrings(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Docstrings of a module, its classes, functions and attributes; each with the classes that it stands in."""

    def walk(node: ast.AST, classes: list[str]) -> Iterator[tuple[str, list[str]]]:
        for child in ast.iter_child_nodes(node):
            if (
                isinstance(child, ast.Expr)
                and isinstance(child.value, ast.Constant)
                and isinstance(child.value.value, str)
            ):
                yield child.value.value, classes
            yield from walk(child, [*classes, child.name] if isinstance(child, ast.ClassDef) else classes)

    yield from walk(ast.parse(path.read_bytes()), [])


def missing(text: str) -> set[str]:
    """Files, folders and modules to run that a text names, and that are not there."""
    paths = {*FILE.findall(text), *FOLDER.findall(text)} - EXAMPLES
    absent = {path for path in paths if not (ROOT / path).exists()}
    absent |= {name for name in RUN.findall(text) if not _is_module(name)}
    return absent | set(NAME.findall(text)) - NAMES


def anchors(document: Path) -> set[str]:
    """Places in a document that a link can name: its headings, as GitHub writes them, and what has an id."""
    text = document.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


def is_there(target: str, module: str, classes: list[str]) -> bool:
    """Whether a role's target exists, with its whole path or as seen from a class of a module."""
    owners = [".".join([module, *classes[:depth]]) for depth in range(len(classes), -1, -1)]
    whole = [target] if "." in target else []
    return any(resolves(name) for name in (*whole, *(f"{owner}.{target}" for owner in owners)))


def resolves(name: str) -> bool:
    """Whether a dotted name is a module's, or that of something in one."""
    parts = name.split(".")
    depth = 0
    while depth < len(parts) and _is_module(".".join(parts[: depth + 1])):
        depth += 1
    if depth in (0, len(parts)):
        return depth > 0
    owner = importlib.import_module(".".join(parts[:depth]))
    for part in parts[depth:]:
        if not hasattr(owner, part):
            return part in getattr(owner, "__annotations__", {})  # a field without a default
        owner = getattr(owner, part)
    return True


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what is before the last dot is no package
        return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_documents_name_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not missing(text)
    for file, anchor in LINK.findall(text):
        target = document.parent / file if file else document
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


def test_every_page_has_its_place_in_the_guide() -> None:
    placed = re.findall(r"^ +- .*: ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    sources = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.py")]
    pages = {path.relative_to(ROOT / "docs").with_suffix(".md").as_posix() for path in sources}
    assert len(placed) == len(set(placed))
    assert set(placed) == pages


@pytest.mark.parametrize("package", PACKAGES)
def test_what_docstrings_name_is_there(package: str) -> None:
    absent = {}
    for path in modules(package):
        for text, classes in docstrings(path):
            found = {name for name in ROLE.findall(text) if not is_there(name, dotted(path), classes)} | missing(text)
            if found:
                absent[f"{path.relative_to(ROOT)}, {text[:40]}"] = found
    assert not absent
