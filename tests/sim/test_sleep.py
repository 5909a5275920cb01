"""A chip that sleeps beside the same that does not, in four-state simulation: no pin differs, and none is unknown,
though no register has a value before reset.

A hundred thousand wake-ups, with resets and everything a host may write, are in ``tests/regress/test_sleep.py``.
"""

import subprocess
from pathlib import Path

import pytest

from rtl.emit import emit
from rtl.host.register_map import register
from sim.toolchain import available
from tests.four_state import without_initial_values
from tests.linear_spec import random_linear_spec
from tests.rtl.shapes import hardware
from tests.sim.pair import ALL, TERMS, pair_verilog

pytestmark = pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed")

SAMPLES, CYCLES = 16, 4000
WRITES = [("timeout", 90), ("rate_limit", 1 << 20), ("rate_burst", 50), ("packet_blocks", 2), ("control", 3)]
BENCH = """
module bench;
  reg aclk = 0, aresetn = 0, s_axis_tvalid = 0, s_axis_tlast = 0, m_axis_tready = 1;
  reg [15:0] s_axis_tdata = 0; reg [47:0] s_axis_tuser = 7; reg [31:0] mask;
  reg s_axil_awvalid = 0, s_axil_wvalid = 0, s_axil_arvalid = 0, s_axil_bready = 1, s_axil_rready = 1;
  reg [3:0] s_axil_wstrb = 15; reg [2:0] s_axil_awprot = 0, s_axil_arprot = 0;
  reg [11:0] s_axil_awaddr = 0, s_axil_araddr = 0; reg [31:0] s_axil_wdata = 0;
  wire differs, awake; OUTPUTS
  spike_encoder_wrapper spike_encoder_wrapper(PINS);
  integer cycle, at = 0, gap = 0, pause = 50, stops = 0, written = 0, found = -1, was = 1, taken;
  initial begin
    if (!$value$plusargs("mask=%d", mask)) $finish;
    for (cycle = 0; cycle < CYCLES && found < 0; cycle = cycle + 1) begin
      #1 aresetn = cycle > 4;
      if (gap > 0) gap = gap - 1;
      s_axis_tvalid = gap == 0; s_axis_tdata = 40 * at - 300 + cycle % 7; s_axis_tlast = at == LAST;
      m_axis_tready = cycle % 170 < 60;
      if (pause > 0) pause = pause - 1; else begin
        s_axil_araddr = BYTES; s_axil_arvalid = written % 2; s_axil_awvalid = !s_axil_arvalid;
        s_axil_wvalid = !s_axil_arvalid;
        case (written / 2 % COUNT) CASES endcase
      end
      #4 if (aresetn && differs !== 0) found = cycle;
      if (was && awake === 0) stops = stops + 1;
      was = awake; taken = s_axil_awvalid & s_axil_awready | s_axil_arvalid & s_axil_arready;
      if (s_axis_tvalid & s_axis_tready) begin
        at = s_axis_tlast ? 0 : at + 1; gap = at == 0 ? 100 + (cycle * 7) % 190 : cycle % 5 == 0;
      end
      aclk = 1;
      #1 if (taken) begin
        s_axil_awvalid = 0; s_axil_wvalid = 0; s_axil_arvalid = 0; written = written + 1; pause = 40 + cycle % 60;
      end
      #4 aclk = 0;
    end
    $display("%0d %0d", found, stops); $finish;
  end
endmodule
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    spec = random_linear_spec(1, SAMPLES, 12, joint=False, classes=1, seed=2)
    manifest = emit(spec, hardware(16), folder)
    text = without_initial_values((folder / manifest.verilog).read_text())
    chips = pair_verilog(text, manifest, manifest.top)
    cases = " ".join(
        f"{number}: begin s_axil_awaddr = {register(name).offset}; s_axil_wdata = {value}; end"
        for number, (name, value) in enumerate(WRITES)
    )
    pins = ["mask", "differs", "awake", *(port.name for port in manifest.ports)]
    outputs = [f"wire [{p.width - 1}:0] {p.name};" for p in manifest.ports if p.direction == "out"]
    text = BENCH
    for word, meaning in {
        "OUTPUTS": " ".join(outputs),
        "PINS": ", ".join(f".{name}({name})" for name in pins),
        "CASES": cases,
        "COUNT": len(WRITES),
        "CYCLES": CYCLES,
        "LAST": SAMPLES - 1,
        "BYTES": register("bytes").offset,
    }.items():
        text = text.replace(word, str(meaning))
    (folder / "bench.v").write_text("\n".join([*chips, text]))
    subprocess.run(["iverilog", "-g2005", "-s", "bench", "-o", "bench", "bench.v"], cwd=folder, check=True)
    return folder


def run(folder: Path, mask: int) -> tuple[int, int]:
    """The first cycle in which a pin differs or is unknown, -1 for none; and how often the clock was stopped."""
    command = ["vvp", "-n", "bench", f"+mask={mask}"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    found, stops = done.stdout.split()
    return int(found), int(stops)


def test_no_cycle_is_lost_and_no_pin_unknown(bench: Path) -> None:
    found, stops = run(bench, ALL)
    assert found == -1
    assert stops > 10


@pytest.mark.parametrize("term", ["sample", "access", "coding", "sending", "timeout", "tokens"])
def test_a_reason_that_is_left_out_is_noticed(bench: Path, term: str) -> None:
    assert run(bench, ALL & ~(1 << TERMS.index(term)))[0] > 0
