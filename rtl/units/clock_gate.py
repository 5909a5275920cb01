"""The gate of a top level's clock: a latch and an AND, in a module that a process's own cell can take the place of."""

from amaranth.hdl import Instance, Value

__all__ = ["CLOCK_GATE", "UNGATED", "clock_gate", "clock_gate_verilog"]

CLOCK_GATE = "spike_clock_gate"
"""Name of the module."""
UNGATED = "SPIKE_CLOCK_UNGATED"
"""Verilog macro with which the clock always runs, for devices whose clocks no logic may touch."""


def clock_gate(*, clock: Value, enable: Value, gated: Value) -> Instance:
    """An instance of the module: a rising edge passes if ``enable`` was high at the end of the low phase before it."""
    return Instance(CLOCK_GATE, i_clock=clock, i_enable=enable, o_gated=gated)


def clock_gate_verilog() -> str:
    """The module, for the end of a file that instantiates it."""
    return f"""
/* Gate of the chip's clock. For a layout, let this module hold the process's clock gate (latch and AND in one cell).
   With {UNGATED} the clock always runs; the chip is the same. */
module {CLOCK_GATE}(clock, enable, gated);
  input clock;
  input enable;
  output gated;
`ifdef {UNGATED}
  assign gated = clock;
`else
  reg passes;
  /* verilator lint_off LATCH */
  always @(clock or enable)
    if (!clock) passes = enable;
  /* verilator lint_on LATCH */
  assign gated = clock & passes;
`endif
endmodule
"""
