"""Operating points of a chip: specs that share its hardware, of which one at a time is in force.

Each point is a spec of its own, and packets carry the tag of the point that they were coded at. Points share the map;
what they may have for themselves is what the chip keeps in tables.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikecae.design.point_folder import FURTHER, point_folder
from spikecae.limits import MOST_POINTS
from spikecae.spec.encoder_spec import HEAD, EncoderSpec, SpecError
from spikecae.spec.files import load_spec
from spikecae.stages import Classes, Huffman, LevelGroup, Normalize

__all__ = ["MOST_POINTS", "check_operating_points", "load_operating_points"]

OWN_VALUES: dict[type, tuple[str, ...]] = {
    Normalize: ("gain",),
    Classes: ("words", "bias"),
    LevelGroup: ("low", "size"),
}
"""Arrays whose values a point has for itself; their shapes are the same at all points."""
OWN_TABLES: dict[type, tuple[str, ...]] = {Huffman: ("tables",)}
"""Arrays that a point has for itself, of whatever size; there are as many at all points."""


def check_operating_points(specs: Sequence[EncoderSpec]) -> None:
    """Make sure that one chip can have all these specs, its operating points 0, 1, 2, ...

    Args:
        specs: 1 to ``MOST_POINTS``; they may differ in the values of the normalization's gain, of classes and their
            biases, in the boxes of groups of levels, and in code tables, and in nothing else.

    Raises:
        SpecError: they are too many, differ elsewhere, or packets could not tell two of them apart. The message names
            point, stage and field.
    """
    if not 1 <= len(specs) <= MOST_POINTS:
        raise SpecError(f"{len(specs)} operating points must lie in 1..{MOST_POINTS}; leave some out")
    for number, spec in enumerate(specs):
        for fault in _differences(specs[0], spec):
            raise SpecError(
                f"operating point {number}: {fault}; points of one chip differ in gain, classes, boxes of levels and "
                f"code tables alone, fit this one with the map of point 0"
            )
        for earlier, other in enumerate(specs[:number]):
            if other.hash == spec.hash:
                raise SpecError(f"operating point {number} is the spec of point {earlier} again; leave it out")
            if other.tag == spec.tag:
                raise SpecError(
                    f"operating point {number} has the tag {spec.tag:04x} of point {earlier}, and packets could not "
                    f"tell them apart; fit it for a slightly different rate"
                )


def load_operating_points(folder: Path) -> list[EncoderSpec]:
    """The specs of a chip's operating points, in their order: one where ``folder`` has no further ones.

    Raises:
        FileNotFoundError: a file is missing.
        SpecError: a spec is damaged, or they cannot share a chip.
    """
    further = folder / FURTHER
    names = {path.name for path in further.iterdir()} if further.is_dir() else set()
    numbers = range(1, len(names) + 1)
    odd = sorted(names - {str(number) for number in numbers})
    if odd:
        raise SpecError(f"{further}: {odd[0][:64]!r} is not the next operating point; they are called 1, 2, 3")
    specs = [load_spec(point_folder(folder, number)) for number in (0, *numbers[: MOST_POINTS + 1])]
    try:
        check_operating_points(specs)
    except SpecError as error:
        raise SpecError(f"{folder}: {error}") from None
    return specs


def _differences(first: EncoderSpec, other: EncoderSpec) -> Iterator[str]:
    """Where a spec is not as that of point 0, though it has to be."""
    for key in HEAD:
        yield from _compared(getattr(first, key), getattr(other, key), key)
    kinds = [[stage.kind for stage in spec.stages] for spec in (first, other)]
    if kinds[0] != kinds[1]:
        yield f"has stages {kinds[1]}, point 0 has {kinds[0]}"
        return
    for ours, theirs in zip(first.stages, other.stages, strict=True):
        yield from _compared(ours, theirs, ours.name)


def _compared(first: Any, other: Any, place: str) -> Iterator[str]:
    """The same of what lies at a place of both, none of it a point's own."""
    if isinstance(first, np.ndarray):
        yield from _shapes(first, other, place)
        for index in np.argwhere(first != other) if first.shape == other.shape else ():
            where = "".join(f"[{i}]" for i in index)
            yield f"{place}{where} = {other[tuple(index)]}, point 0 has {first[tuple(index)]}"
    elif isinstance(first, tuple):
        if len(first) != len(other):
            yield f"{place}: {len(other)} of them, point 0 has {len(first)}"
            return
        for number, pair in enumerate(zip(first, other, strict=True)):
            yield from _compared(*pair, f"{place}[{number}]")
    elif is_dataclass(first):
        if type(first) is not type(other):
            yield f"{place}: is of kind {type(other).__name__!r}, that of point 0 {type(first).__name__!r}"
            return
        for field in fields(first):
            yield from _field(first, other, field.name, f"{place}.{field.name}")
    elif first != other:
        yield f"{place} = {other!r:.64}, point 0 has {first!r:.64}"


def _field(first: Any, other: Any, name: str, place: str) -> Iterator[str]:
    ours, theirs = getattr(first, name), getattr(other, name)
    if name in OWN_VALUES.get(type(first), ()):
        yield from _shapes(ours, theirs, place)
    elif name in OWN_TABLES.get(type(first), ()):
        if len(ours) != len(theirs):
            yield f"{place}: {len(theirs)} of them, point 0 has {len(ours)}"
    else:
        yield from _compared(ours, theirs, place)


def _shapes(first: Any, other: Any, place: str) -> Iterator[str]:
    if first.shape != other.shape:
        yield f"{place} has shape {other.shape}, that of point 0 {first.shape}"
