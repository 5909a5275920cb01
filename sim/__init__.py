"""Verilog against the golden model."""
