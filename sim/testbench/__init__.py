"""A bench of the encoder in plain Verilog, which runs without the toolkit."""
