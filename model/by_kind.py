"""Something for every kind of encoder, found by a design's own kind."""

from typing import Generic, TypeVar

from spikecae.design import Design, Encoder

__all__ = ["ByKind"]

T = TypeVar("T")


class ByKind(Generic[T]):
    """What each kind of encoder has registered.

    Args:
        room: folder whose files register, for messages.
    """

    def __init__(self, room: str) -> None:
        self._room = room
        self._found: dict[type[Encoder], T] = {}

    def register(self, section: type[Encoder], entry: T) -> None:
        """Make an entry known by the kind's section of the design file.

        Raises:
            ValueError: the kind has one already.
        """
        if section in self._found:
            raise ValueError(f"{section.__name__} has an entry in {self._room} already; register one")
        self._found[section] = entry

    def of(self, design: Design) -> T:
        """The entry of the design's kind.

        Raises:
            ValueError: it has none.
        """
        found = self._found.get(type(design.encoder))
        if found is None:
            kind = design.encoder.kind
            raise ValueError(f"encoder.kind = {kind!r}: no file of {self._room} knows it; add one, or choose another")
        return found
