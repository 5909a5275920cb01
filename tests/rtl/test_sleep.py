"""How long the clock is asked for, and what its gate lets through."""

import subprocess
from pathlib import Path

import pytest
from amaranth.sim import Simulator

from rtl.host.clock_request import ClockRequest
from rtl.units.clock_gate import CLOCK_GATE, UNGATED, clock_gate_verilog
from sim.toolchain import available


def test_the_clock_goes_on_until_all_has_settled() -> None:
    dut = ClockRequest(5)

    async def script(ctx):
        await ctx.tick().repeat(5)
        assert not ctx.get(dut.needed)
        ctx.set(dut.tokens, 1)
        assert ctx.get(dut.needed)
        await ctx.tick()
        ctx.set(dut.tokens, 0)
        assert not ctx.get(dut.needed), "nothing follows from tokens"
        ctx.set(dut.sample, 1)
        assert ctx.get(dut.needed), "in the same cycle"
        await ctx.tick()
        ctx.set(dut.sample, 0)
        edges = 0
        while ctx.get(dut.needed):
            await ctx.tick()
            edges += 1
        assert edges == 5

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(script)
    simulator.run()


BENCH = f"""
module bench;
  reg clock = 0, enable; wire gated; integer edges = 0, ups = 0;
  {CLOCK_GATE} dut(.clock(clock), .enable(enable), .gated(gated));
  always @(posedge gated) edges = edges + 1;
  always @(gated) if (gated === 1'b1) ups = ups + 1;
  task cycle(input low, input high);  // what the enable is in either half
    begin enable = low; #5 clock = 1; #1 enable = high; #4 clock = 0; #1; end
  endtask
  initial begin
    #1 cycle(1, 0); cycle(1, 1); cycle(0, 1); cycle(0, 0); cycle(0, 1); cycle(1, 0); cycle(0, 0);
    $display("%0d %0d %b", edges, ups, gated);
  end
endmodule
"""


@pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed")
@pytest.mark.parametrize(("options", "said"), [((), "3 3 0"), ((f"-D{UNGATED}",), "7 7 0")])
def test_the_gate_passes_whole_pulses(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """What the enable does while the clock is high does not matter; no X is left once it was known."""
    (tmp_path / "bench.v").write_text(BENCH + clock_gate_verilog())
    command = ["iverilog", "-g2005", *options, "-o", "bench", "bench.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "-n", "bench"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[0] == said
