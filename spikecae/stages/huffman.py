"""Huffman code tables."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikecae.canonical_code import MAX_LENGTH, canonical_codes, check_lengths
from spikecae.limits import MOST_CODEWORDS, MOST_FEATURES
from spikecae.stages.base import GOLOMB, Coder, Symbols, register
from spikecae.stages.checks import require, require_range

__all__ = ["Huffman"]


@register
@dataclass(frozen=True, eq=False)
class Huffman(Coder):
    """Code tables as lengths in bits; the codes are canonical."""

    kind = "huffman"
    name: str
    tables: tuple[NDArray[np.uint8], ...]

    def __post_init__(self) -> None:
        require_range(f"{self.name}: code tables", len(self.tables), 1, MOST_FEATURES)
        for number, table in enumerate(self.tables):
            require(table.dtype == np.uint8, f"{self.name}.tables[{number}] must be uint8, got {table.dtype}")
            require_range(f"{self.name}.tables[{number}]: entries", table.size, 1, MOST_CODEWORDS)
            try:
                check_lengths(table)
            except ValueError as error:
                raise ValueError(f"{self.name}.tables[{number}]: {error}") from None

    def codes(self, table: int) -> NDArray[np.uint16]:
        """Code words of a table, right-aligned, (K,)."""
        return canonical_codes(self.tables[table])

    def faults(self, symbols: Symbols) -> Iterator[str]:
        """A position without a table, or with one of another size; a table that no position has."""
        escaped_by = symbols.escaped_by or (-1,) * len(symbols)
        rows = zip(symbols.sizes, symbols.tables, escaped_by, strict=True)
        for number, (size, table, by) in enumerate(rows):
            if table == GOLOMB and by >= 0:
                continue
            if not 0 <= table < len(self.tables):
                yield f"position {number}: no code table {table}"
            elif self.tables[table].size != size:
                yield f"position {number}: code table of {self.tables[table].size} entries for {size} symbols"
        if symbols.golomb_bits > MAX_LENGTH:
            yield f"an escape takes up to {symbols.golomb_bits} bits, {MAX_LENGTH} at most; raise its order"
        unused = set(range(len(self.tables))) - set(symbols.tables)
        if unused:
            yield f"code table {min(unused)} is that of no position"
