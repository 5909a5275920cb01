"""Bits, codes and packets, as ``docs/bitstream.md`` says."""
