"""Syntax of Liberty files: groups, attributes and their values."""

import re
from collections.abc import Collection, Iterator

__all__ = ["Group", "SyntaxFault", "parse"]


class SyntaxFault(Exception):
    """Where a file stops being Liberty."""


class Group:
    """``kind (name) { … }``: attributes by name, complex attributes' arguments alike, and inner groups."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        self.attributes: dict[str, str] = {}
        self.inner: list[Group] = []

    def groups(self, *kinds: str) -> Iterator["Group"]:
        """Inner groups of some kinds, in their order."""
        return (group for group in self.inner if group.kind in kinds)

    def number(self, attribute: str, default: float) -> float:
        """An attribute's value."""
        return float(self.attributes.get(attribute, default))

    def flag(self, attribute: str) -> bool:
        """Whether an attribute is true."""
        return self.attributes.get(attribute, "false").lower() == "true"


STATEMENT = re.compile(
    r"[\s;]*(?:(?P<end>\})|(?P<word>[\w.]+)[^\S\n]*(?:"
    r':[^\S\n]*(?P<value>"[^"]*"|[^;\n}]*)|\((?P<arguments>(?:"[^"]*"|[^()"])*)\)\s*(?P<open>\{)?))'
)
BRACE = re.compile(r'"[^"]*"|[{}]')


def parse(text: str, skipped: Collection[str]) -> Group:
    """All groups of a file, in one without a name.

    Args:
        text: the file.
        skipped: kinds of groups to pass over.

    Raises:
        SyntaxFault: it stops being Liberty somewhere.
    """
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    text = text.replace("\\\r\n", " ").replace("\\\n", " ")
    root = Group("", "")
    _fill(root, text, 0, skipped, top=True)
    return root


def _fill(group: Group, text: str, at: int, skipped: Collection[str], *, top: bool = False) -> int:
    """Read statements into ``group`` up to its closing brace, and return the place behind it."""
    while True:
        match = STATEMENT.match(text, at)
        if match is None:
            if top and not text[at:].strip():
                return at
            line = text.count("\n", 0, at) + 1
            raise SyntaxFault(f"near line {line}: {text[at : at + 40].strip() or 'end of file'!r}")
        at = match.end()
        if match["end"]:
            if top:
                raise SyntaxFault("a brace closes nothing")
            return at
        word, arguments = match["word"], match["arguments"]
        if arguments is None:
            group.attributes[word] = match["value"].strip().strip('"')
        elif match["open"] is None:
            group.attributes[word] = arguments.strip()
        elif word in skipped:
            at = _skip(text, at)
        else:
            inner = Group(word, arguments.strip().strip('"'))
            group.inner.append(inner)
            at = _fill(inner, text, at, skipped)


def _skip(text: str, at: int) -> int:
    depth = 1
    for match in BRACE.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end()
    raise SyntaxFault("a group has no end")
