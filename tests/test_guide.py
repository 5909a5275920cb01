"""Pages of the guide that begin with ``<!-- run -->``: their ``python`` and ``console`` blocks run, in order.

They run in a folder that looks like a checkout. In a ``console`` block, a line that begins with ``$ `` is a command,
and ``> `` goes on with it; what follows is what it prints, ``…`` standing for any text. Behind ``<!-- long -->``,
blocks run in ``make journeys`` alone.
"""

import doctest
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import make_checkout
from tests.test_architecture import ROOT

BLOCK = re.compile(r"^( *)```(python|console)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
LONG = "<!-- long -->\n"
PAGES = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.read_text("utf-8").startswith("<!-- run -->\n")]


@dataclass(frozen=True)
class Block:
    """A fenced block, and the line of the page that it begins in."""

    line: int
    language: str
    text: str
    long: bool


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    long_from = text.find(LONG)
    return [
        Block(text.count("\n", 0, found.start()) + 2, found[2], found[3], 0 <= long_from < found.start())
        for found in BLOCK.finditer(text)
    ]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Commands of a console block, each with what it prints."""
    assert text.startswith("$ "), text
    for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = command.splitlines(keepends=True)
        end = next((n for n, line in enumerate(lines) if n and not line.startswith(">")), len(lines))
        yield "".join(re.sub(r"^> ?", "", line) for line in lines[:end]), "".join(lines[end:])


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**make_checkout(tmp_path), "MPLBACKEND": "agg"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def run(page: Path, wanted: list[Block]) -> None:
    names: dict[str, Any] = {}
    for block in wanted:
        place = f"{page.name}:{block.line}"
        if block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)
            continue
        for command, told in commands(block.text):
            program = command.split()[0]
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed ({place})")
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{place}: {command}{done.stdout}{done.stderr}"
            printed = done.stdout + done.stderr
            expected = told.replace("…", "...")
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            assert not told or doctest.OutputChecker().check_output(expected, printed, flags), f"{place}:\n{printed}"


@pytest.mark.usefixtures("checkout")
def test_a_block_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    head = "<!-- run -->\n```python\nx = 2\n```\n"
    for text in ("```python\nassert x == 3\n```\n", "```console\n$ false\n```\n", "```console\n$ echo a\nb\n```\n"):
        page.write_text(head + text, encoding="utf-8")
        with pytest.raises(AssertionError):
            run(page, blocks(page))
    right = "```console\n$ echo a; \\\n> echo b\na\n…\n$ pwd\n```\n"
    page.write_text(head + right + LONG + "```console\n$ false\n```\n", encoding="utf-8")
    run(page, [block for block in blocks(page) if not block.long])
    assert [block.long for block in blocks(page)] == [False, False, True]


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_quick_blocks_run(page: Path) -> None:
    run(page, [block for block in blocks(page) if not block.long])


@pytest.mark.journey
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_blocks_run(page: Path) -> None:
    run(page, blocks(page))
