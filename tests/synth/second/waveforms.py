"""Value changes of a VCD file of one-bit nets, in their order."""

from collections.abc import Iterator
from pathlib import Path

__all__ = ["changes"]


def changes(path: Path) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Of each time, the nets ``n<number>`` that change and their new values; the first has all values at the begin."""
    names: dict[str, int] = {}
    time, found = 0, list[tuple[int, int]]()
    with path.open(encoding="ascii") as file:
        for line in file:
            if line.startswith("$var"):
                _, _, width, code, name, *_ = line.split()
                if width == "1" and name[0] == "n" and name[1:].isdigit():
                    names[code] = int(name[1:])
            elif line[0] == "#":
                if found:
                    yield time, found
                time, found = int(line[1:]), []
            elif line[0] in "01x" and line[1:-1] in names:
                found.append((names[line[1:-1]], int(line[0] == "1")))
    if found:
        yield time, found
