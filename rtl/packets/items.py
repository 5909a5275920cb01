"""What a quantizer hands to the coder: symbols, and where levels may lie outside, their numbers."""

from amaranth.hdl import ShapeLike, unsigned
from amaranth.lib import data

__all__ = ["item_layout", "symbol_shape"]


def item_layout(bits: int) -> data.StructLayout:
    """A symbol, or a number for a Golomb code, of ``bits``; and whether it ends a block."""
    return data.StructLayout({"value": unsigned(bits), "golomb": 1, "last": 1})


def symbol_shape(bits: int, golomb_order: int | None) -> ShapeLike:
    """A symbol of ``bits``; as an item where there are numbers, too."""
    return unsigned(bits) if golomb_order is None else item_layout(bits)
