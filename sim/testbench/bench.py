"""A self-checking bench in plain Verilog, which runs beside the emitted encoder in any simulator, without this package.

It loads the chip where parameters are loaded, sends blocks with pauses, and compares every byte of the packets. Behind
the first block a spike lacks a sample, alone or with the event that it belongs to, of which nothing may be seen.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.host.register_map import register
from rtl.manifest import Manifest, Port
from sim.testbench.files import BENCH, VECTORS
from spikecae.bitstream.payload import write_blocks
from spikecae.files import write_text
from spikecae.golden import encode
from spikecae.spec import EncoderSpec

__all__ = ["write_bench"]

PACKET_BLOCKS = 2
LEVELS = {"s_axil_wstrb": 15, "s_axil_bready": 1}
"""Of inputs that do not begin at 0."""
TEXT = """// Self-checking bench of spike_encoder, of the encoder spec
// SPEC_HASH
// Reads writes.hex, samples.hex and packets.hex from the folder it runs in; says PASS or FAIL. With the macro FATAL it
// ends a failed run by $fatal, which is SystemVerilog, else by $finish.
`timescale 1ns/1ps
module spike_encoder_bench;
  localparam WRITES = N_WRITES, SAMPLES = N_SAMPLES, BYTES = N_BYTES, PATIENCE = N_PATIENCE;
PINS
  reg [63:0] writes [0:(WRITES > 0 ? WRITES - 1 : 0)];
  reg [16:0] samples [0:SAMPLES-1];
  reg [8:0] packets [0:BYTES-1];
  integer n, at = 0, got = 0, quiet = 0, seed = 1, hold = 0;
  reg taken, running = 0;

  spike_encoder dut(CONNECTIONS);

  // Pins begin unknown, as all registers may: each is seen to change.
  initial begin
    #1 LEVELS
    forever #HALF_PERIOD aclk = ~aclk;
  end

  task fail(input [8*24-1:0] what);
    begin
      $display("FAIL: %0s; sample %0d of %0d, byte %0d of %0d, spec SPEC_HASH", what, at, SAMPLES, got, BYTES);
`ifdef FATAL
      $fatal(1);
`else
      $finish;
`endif
      running = 0;
    end
  endtask

  task write(input [31:0] offset, input [31:0] value);
    begin
      s_axil_awaddr = offset; s_axil_wdata = value; s_axil_awvalid = 1; s_axil_wvalid = 1;
      n = 0; taken = 0;
      while (!taken && n < 100) begin
        @(posedge aclk) taken = s_axil_awready === 1 && s_axil_wready === 1;
        @(negedge aclk) n = n + 1;
      end
      s_axil_awvalid = 0; s_axil_wvalid = 0;
      while (s_axil_bvalid !== 1 && n < 100) @(negedge aclk) n = n + 1;
      if (n >= 100 || s_axil_bresp !== 0) fail("a write is not taken");
      @(negedge aclk);
    end
  endtask

  integer w;
  initial begin
    $readmemh("samples.hex", samples); $readmemh("packets.hex", packets);
    if (WRITES > 0) $readmemh("writes.hex", writes);
    repeat (9) @(negedge aclk);
    aresetn = 1;
    @(negedge aclk);
    for (w = 0; w < WRITES; w = w + 1) write(writes[w][63:32], writes[w][31:0]);
    running = 1;
  end

  // Pauses of 0 to 15 cycles, now and then; a byte or sample once offered stays.
  always @(negedge aclk) if (running) begin
    if (hold > 0) hold = hold - 1; else if ($random(seed) % 16 == 0) hold = $random(seed) & 15;
    if (!s_axis_tvalid && at < SAMPLES && hold == 0) begin
      s_axis_tvalid = 1; s_axis_tdata = samples[at][15:0]; s_axis_tlast = samples[at][16];
    end
    m_axis_tready = ($random(seed) & 3) != 0;
  end

  always @(posedge aclk) if (running) begin
    quiet = quiet + 1;
    if (s_axis_tready === 1'bx) fail("s_axis_tready is unknown");
    if (m_axis_tvalid === 1'bx) fail("m_axis_tvalid is unknown");
    if (m_axis_tvalid === 1 && m_axis_tready) begin
      if (got >= BYTES) fail("a byte too many");
      else if ({m_axis_tlast, m_axis_tdata} !== packets[got]) fail("a wrong byte");
      got = got + 1; quiet = 0;
    end
    if (s_axis_tvalid && s_axis_tready === 1) begin
      at = at + 1; quiet = 0;
      s_axis_tvalid <= 0;
    end
    if (quiet == PATIENCE) begin
      if (got == BYTES && at == SAMPLES) begin
        $display("PASS: %0d samples, %0d bytes, spec SPEC_HASH", SAMPLES, BYTES); running = 0; $finish;
      end else fail("nothing moves");
    end
  end
endmodule
"""


def write_bench(
    spec: EncoderSpec, manifest: Manifest, load: Sequence[tuple[int, int]], adc: NDArray[np.int16], folder: Path
) -> None:
    """Write the bench and its vectors.

    Args:
        spec: what the encoder was emitted from.
        manifest: the encoder's.
        load: register writes that start it, none where parameters are built in.
        adc: (n, M, D) blocks. Whole packets of these are sent.
        folder: where.

    Raises:
        ValueError: the blocks make no packet.
    """
    per_packet = min(PACKET_BLOCKS, manifest.packet_blocks)
    blocks = adc[: len(adc) // per_packet * per_packet]
    if not len(blocks):
        raise ValueError(f"{len(adc)} blocks make no packet of {per_packet}; give more")
    packets = write_blocks(spec, encode(spec, blocks).indices, blocks_per_packet=per_packet)
    writes = [(register("packet_blocks").offset, per_packet), *load]
    samples = _samples(blocks, blocks.shape[1] if manifest.block == "neighbourhood" else 1)
    sent = [byte | (at == len(packet) - 1) << 8 for packet in packets for at, byte in enumerate(packet)]
    rows = (
        [f"{offset:08x}{value:08x}" for offset, value in writes],
        [f"{end:x}{code:04x}" for code, end in samples],
        [f"{byte:03x}" for byte in sent],
    )
    for name, lines in zip(VECTORS, rows, strict=True):
        write_text(folder / name, "\n".join([*lines, ""]))
    words = sum(memory.words * -(-memory.width // 32) for memory in manifest.memories if memory.role == "parameters")
    text, inputs = TEXT, [port for port in manifest.ports if port.direction == "in"]
    for word, meaning in {
        "N_WRITES": len(writes),
        "N_SAMPLES": len(samples),
        "N_BYTES": len(sent),
        "N_PATIENCE": 20 * (manifest.latency_cycles + manifest.cycles_per_block) + 2 * words + 1000,
        "HALF_PERIOD": 25,
        "SPEC_HASH": spec.hash,
        "LEVELS": " ".join(f"{port.name} = {LEVELS.get(port.name, 0)};" for port in inputs),
        "PINS": "\n".join(_declared(port) for port in manifest.ports),
        "CONNECTIONS": ", ".join(f".{port.name}({port.name})" for port in manifest.ports),
    }.items():
        text = text.replace(word, str(meaning))
    write_text(folder / BENCH, text)


def _samples(blocks: NDArray[np.int16], wrong: int) -> list[tuple[int, bool]]:
    """Codes, and whether each is its spike's last. Behind the first block come so many of its spikes again, the first
    of them without its last sample."""
    spikes = [spike.view(np.uint16).tolist() for spike in blocks.reshape(-1, blocks.shape[-1])]
    again = spikes[:wrong]
    spikes[blocks.shape[1] : blocks.shape[1]] = [again[0][:-1], *again[1:]]
    return [(code, at == len(spike) - 1) for spike in spikes for at, code in enumerate(spike)]


def _declared(port: Port) -> str:
    width = f"[{port.width - 1}:0] " if port.width > 1 else ""
    return f"  {'wire' if port.direction == 'out' else 'reg'} {width}{port.name};"
