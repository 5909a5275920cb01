"""Sizes of a packet's frame, as the bitstream standard says."""

__all__ = ["HEADER_BYTES", "TRAILER_BYTES"]

HEADER_BYTES = 11
TRAILER_BYTES = 2
