"""Reader of LEF abstracts: how large a cell or macro is, and where its pins are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Outline", "read_lef"]


@dataclass(frozen=True)
class Outline:
    """A cell or macro as it is drawn, its lower left corner at the origin; a bus has a pin for each bit (``A[3]``)."""

    width_um: float
    height_um: float
    pins: Mapping[str, tuple[float, float]]
    """Centre of the box around each pin's shapes, µm."""


def read_lef(path: Path) -> dict[str, Outline]:
    """All cells and macros of a file, by name.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no LEF file, or it breaks off.
    """
    words = _words(path)
    try:
        return {name: _outline(name, words) for name in _macros(words)}
    except (StopIteration, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is not a whole LEF file; take it from the process kit anew") from error


def _words(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            words = line.split("#", 1)[0].split()
            if words:
                yield words


def _macros(words: Iterator[list[str]]) -> Iterator[str]:
    for line in words:
        if line[0] == "MACRO" and len(line) == 2:  # definitions of properties begin so too
            yield line[1]


def _outline(name: str, words: Iterator[list[str]]) -> Outline:
    size, origin = (0.0, 0.0), (0.0, 0.0)
    pin: str | None = None
    boxes: dict[str, list[tuple[float, float, float, float]]] = {}
    while True:
        line = next(words)
        match line:
            case ["SIZE", width, "BY", height, *_]:
                size = (float(width), float(height))
            case ["ORIGIN", x, y, *_]:
                origin = (float(x), float(y))
            case ["PIN", pin]:
                pass
            case ["RECT", left, bottom, right, top, *_] if pin is not None:
                boxes.setdefault(pin, []).append((float(left), float(bottom), float(right), float(top)))
            case ["END", end] if end == pin:
                pin = None
            case ["END", end] if end == name:
                break
    pins = {pin: _centre(found, origin) for pin, found in boxes.items()}
    return Outline(*size, pins)


def _centre(boxes: list[tuple[float, float, float, float]], origin: tuple[float, float]) -> tuple[float, float]:
    left, bottom, right, top = zip(*boxes, strict=True)
    return (min(left) + max(right)) / 2 + origin[0], (min(bottom) + max(top)) / 2 + origin[1]
