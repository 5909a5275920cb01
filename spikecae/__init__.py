"""Integers: the encoder spec, its golden model, bitstream and host codec. Never PyTorch, never Amaranth."""
