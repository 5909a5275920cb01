"""Which lines of the emitted Verilog the benches reach, and which bits they move."""
