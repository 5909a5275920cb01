"""Boolean functions as Liberty writes them.

``!`` or a trailing ``'`` is not; ``*``, ``&`` or a space, and; ``+`` or ``|``, or; ``^`` is exclusive.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["truth_table"]

TOKEN = re.compile(r"\s*([A-Za-z_][\w.\[\]]*|[01()!*&+|^'])")


def truth_table(text: str, pins: Sequence[str]) -> NDArray[np.bool_]:
    """(2^pins,) values of a function; bit n of the index is the value of ``pins[n]``.

    Raises:
        ValueError: it is no function, or one of other pins.
    """
    return _Reader(text, pins).read()


class _Reader:
    """Recursive descent; ``^`` binds tighter than and, and that tighter than or."""

    def __init__(self, text: str, pins: Sequence[str]) -> None:
        self._text = text
        self._tokens = TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"{text!r} is no Boolean function")
        index = np.arange(1 << len(pins))
        self._values = {pin: (index >> n & 1).astype(bool) for n, pin in enumerate(pins)}
        self._values |= {"0": np.zeros(index.size, dtype=bool), "1": np.ones(index.size, dtype=bool)}
        self._at = 0

    def read(self) -> NDArray[np.bool_]:
        value = self._or()
        if self._at != len(self._tokens):
            raise self._fault()
        return value

    def _fault(self) -> ValueError:
        return ValueError(f"{self._text!r} is no Boolean function of {', '.join(self._values.keys() - {'0', '1'})}")

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        self._at += 1
        return str(self._tokens[self._at - 1])

    def _or(self) -> NDArray[np.bool_]:
        value = self._and()
        while self._next() in ("+", "|"):
            self._take()
            value = value | self._and()
        return value

    def _and(self) -> NDArray[np.bool_]:
        value = self._xor()
        while (token := self._next()) and token not in ("+", "|", ")"):
            if token in ("*", "&"):
                self._take()
            value = value & self._xor()
        return value

    def _xor(self) -> NDArray[np.bool_]:
        value = self._not()
        while self._next() == "^":
            self._take()
            value = value ^ self._not()
        return value

    def _not(self) -> NDArray[np.bool_]:
        token = self._next()
        if token == "!":
            self._take()
            return ~self._not()
        if token == "(":
            self._take()
            value = self._or()
            if self._next() != ")":
                raise self._fault()
            self._take()
        elif token in self._values:
            value = self._values[self._take()]
        else:
            raise self._fault()
        while self._next() == "'":
            self._take()
            value = ~value
        return value
