"""What the emitted Verilog is made of, and what it costs."""
