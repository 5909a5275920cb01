"""The host's side: AXI, registers, loading and checking of parameters."""
