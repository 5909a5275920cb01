"""Integers: the encoder spec, its golden model, bitstream and host codec. Never PyTorch, never Amaranth."""

__all__ = ["__version__"]

__version__ = "0.1.0"
