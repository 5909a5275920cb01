"""From the encoder spec to Verilog. The chip itself is here; what it is made of, in the rooms below."""
