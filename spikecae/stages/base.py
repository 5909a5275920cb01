"""What every kind of stage is: its part in the chain, what it takes and gives, and where kinds are registered.

A spec's stages are a chain of four parts: a *source* makes values of converter codes, *transforms* make values of
values, a *quantizer* makes symbols of them, and a *coder* makes bits. Each kind says what it needs of what it is given,
and what it gives on; the spec, the golden model and the generator walk the list and ask.

A kind is a frozen dataclass whose fields are integers, strings, NumPy arrays, other such dataclasses, or tuples of
these; they are its content. Arithmetic is not here: :mod:`spikecae.golden` has it, and the generator has its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikecae.widths import integer_range

__all__ = [
    "GOLOMB",
    "KINDS",
    "Coder",
    "Quantizer",
    "Source",
    "Stage",
    "Symbols",
    "Transform",
    "Values",
    "register",
]


@dataclass(frozen=True)
class Values:
    """A tensor between two stages: (channels, samples) integers of ``bits``; a value is ``integer · 2**-exponent``."""

    channels: int
    samples: int
    exponent: int
    bits: int
    signed: bool

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest integer."""
        return integer_range(self.bits, signed=self.signed)

    def __str__(self) -> str:
        sign = "signed" if self.signed else "unsigned"
        return f"{self.channels} channels of {self.samples} samples, {sign} {self.bits} bit at exponent {self.exponent}"


GOLOMB = -1
"""In place of a code table: the number is sent in an exponential Golomb code."""


@dataclass(frozen=True)
class Symbols:
    """What a quantizer sends for a block: at each position an index below ``sizes``, coded by one of the ``tables``.

    A position may be an *escape*: a number below ``sizes`` in the exponential Golomb code of ``order``, sent only where
    the symbol at another position, ``escaped_by``, is the last of its table, which is reserved for that. It has
    ``GOLOMB`` for a table. A number that is not sent is 0.
    """

    sizes: tuple[int, ...]
    tables: tuple[int, ...]
    escaped_by: tuple[int, ...] = ()
    """For each position the one before it that lets it be sent, -1 where it always is; empty where all always are."""
    order: int = 0

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def coded(self) -> tuple[int, ...]:
        """Positions that have a code table."""
        return tuple(position for position, table in enumerate(self.tables) if table != GOLOMB)

    @property
    def golomb_bits(self) -> int:
        """Bits of the longest escape; 0 where there is none."""
        pairs = zip(self.sizes, self.tables, strict=True)
        numbers = max((size for size, table in pairs if table == GOLOMB), default=0)
        return 2 * (numbers - 1 + (1 << self.order)).bit_length() - 1 - self.order if numbers else 0


class Stage(ABC):
    """A step of the encoder. ``kind`` names its class in a spec, ``name`` the stage itself and its tap."""

    kind: ClassVar[str]
    role: ClassVar[str]
    """Its part in the chain, in words."""
    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name and those of the stages within it: each must be the only one in a spec."""
        return (self.name,)

    def coefficients(self) -> Iterator[tuple[str, NDArray[np.int8]]]:
        """Arrays of trained weights or codewords, signed 8 bit, each with the name of the stage that it belongs to."""
        yield from ()

    def with_coefficients(self, name: str, values: NDArray[np.int8]) -> Self:
        """The same stage with other coefficients; ``name`` and shape are those that :meth:`coefficients` gives.

        Raises:
            KeyError: it has none of that name.
        """
        raise KeyError(name)


class Source(Stage):
    """Makes values of converter codes (spikes, samples)."""

    role = "source"

    @abstractmethod
    def faults(self, spikes: int, samples: int) -> Iterator[str]:
        """Why it cannot take blocks of that size."""

    @abstractmethod
    def output(self, spikes: int, samples: int) -> Values:
        """What it makes of a block."""

    @abstractmethod
    def undo(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Converter codes, not rounded, of real values (..., samples)."""


class Transform(Stage):
    """Makes values of values."""

    role = "transform"

    @property
    def tap(self) -> str:
        """Name of the tap that its output is: its own, or that of its last stage within."""
        return self.names[-1]

    @abstractmethod
    def faults(self, given: Values) -> Iterator[str]:
        """Why it cannot take what it is given, a line each."""

    @abstractmethod
    def output(self, given: Values) -> Values:
        """What it makes of it."""


class Quantizer(Stage):
    """Makes symbols of values, which are taken channel after channel: (channels · samples,) latents."""

    role = "quantizer"

    @abstractmethod
    def faults(self, given: Values) -> Iterator[str]:
        """Why it cannot take what it is given, a line each."""

    @property
    @abstractmethod
    def symbols(self) -> Symbols:
        """What it makes of a block."""

    @abstractmethod
    def dequantize(self, indices: NDArray[np.integer[Any]], latents: int) -> NDArray[np.float32]:
        """Real latents (blocks, ``latents``) that indices (blocks, positions) stand for."""


class Coder(Stage):
    """Makes bits of symbols."""

    role = "coder"
    tables: tuple[NDArray[np.uint8], ...]
    """Code lengths of each table, in bits; codes are canonical."""

    @abstractmethod
    def faults(self, symbols: Symbols) -> Iterator[str]:
        """Why it cannot code them, a line each."""


KINDS: dict[str, type[Any]] = {}
"""Classes of stages, and of what is within them, by the name that a spec's file gives them."""

T = TypeVar("T", bound=type[Any])


def register(kind: T) -> T:
    """Let specs have this class: a stage under its ``kind``, a part of a stage under the class's name.

    Raises:
        ValueError: another class has that name.
    """
    name = getattr(kind, "kind", kind.__name__)
    if KINDS.setdefault(name, kind) is not kind:
        raise ValueError(f"two kinds of stage are called {name!r}: {KINDS[name].__qualname__} and {kind.__qualname__}")
    return kind
