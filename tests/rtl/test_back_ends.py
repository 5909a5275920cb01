"""Memories made of macros or flip-flops do what an array does, access for access."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.back_ends import IhpMacros, back_end
from rtl.memory.macro_models import macro_models
from rtl.memory.macros import IHP_SG13G2, IhpMacro, fit
from rtl.memory.sized import SizedMemory
from rtl.shape.memory_use import MemoryUse, held_in
from rtl.units.clocked import Clocked
from synth.cells.liberty import read_liberty
from synth.targets.ihp_sg13g2 import TARGET

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing")

CYCLES = 4000
BENCH = """
`timescale 1ns/1ps
module bench;
  reg clock = 0;
  reg [{high}:0] stimuli [0:{last}];
  reg [{high}:0] now;
  wire [{width_high}:0] data;
  integer n;
  top dut(.aclk(clock), .aresetn(1'b1), .write_en(now[{lanes_high}:0]), .write_addr(now[{lanes} +: {place}]),
    .write_data(now[{lanes} + {place} +: {width}]), .read_en(now[{lanes} + {place} + {width}]),
    .read_addr(now[{lanes} + {place} + {width} + 1 +: {place}]), .read_data(data));
  initial begin
    $readmemh("stimuli.hex", stimuli);
    for (n = 0; n <= {last}; n = n + 1) begin
      now = stimuli[n];
      #5 clock = 1;
      #1 $display("%h", data);
      #4 clock = 0;
    end
  end
endmodule
"""


class Holder(wiring.Component):
    """A memory with its ports on pins."""

    def __init__(self, depth: int, width: int, lanes: int, *, single_port: bool, transparent: bool) -> None:
        self._memory = SizedMemory(shape=unsigned(width), depth=depth, init=[], single_port=single_port)
        self._write = self._memory.write_port(granularity=width // lanes if lanes > 1 else None)
        self._read = self._memory.read_port(transparent_for=[self._write] if transparent else [])
        place = range(depth)
        super().__init__(
            {
                "write_en": In(lanes),
                "write_addr": In(place),
                "write_data": In(width),
                "read_en": In(1),
                "read_addr": In(place),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = self._memory
        for port, side in ((self._write, "write"), (self._read, "read")):
            m.d.comb += [port.en.eq(getattr(self, f"{side}_en")), port.addr.eq(getattr(self, f"{side}_addr"))]
        m.d.comb += [self._write.data.eq(self.write_data), self.read_data.eq(self._read.data)]
        return m


def run(name: str, folder: Path, shape: tuple[int, int, int], *, single_port: bool, transparent: bool, clash: bool):
    """Random accesses: what is read, as Icarus says and as an array of Python's says, and the macros used."""
    depth, width, lanes = shape
    place, part = (depth - 1).bit_length(), width // lanes
    draw = np.random.default_rng(7)
    few = draw.permutation(depth)[:24]  # so that words are met again
    platform = back_end(name)
    top = Clocked(Holder(depth, width, lanes, single_port=single_port, transparent=transparent), "holder")
    text = verilog.convert(top, platform=platform, name="top", strip_internal_attrs=True, emit_src=False)
    used = platform.used if isinstance(platform, IhpMacros) else {}
    stored: dict[int, int] = {}
    stimuli, expected, data = [], [], None
    for _ in range(CYCLES):
        write_at, read_at = (int(n) for n in draw.choice(few, 2))
        enables, asked = int(draw.integers(1 << lanes)), int(draw.integers(2))
        enables *= int(draw.integers(2))
        if single_port:
            asked *= enables == 0
        elif enables and not transparent and not clash:
            asked *= write_at != read_at
        value = int.from_bytes(draw.bytes(-(-width // 8)), "little") & ((1 << width) - 1)
        mask = sum(((1 << part) - 1) << part * lane for lane in range(lanes) if enables >> lane & 1)
        old = stored.get(write_at)
        # A word counts as known once it was written as a whole.
        new = value if mask == (1 << width) - 1 else None if old is None else old & ~mask | value & mask
        if asked:
            data = new if transparent and enables and read_at == write_at else stored.get(read_at)
        if enables and new is not None:
            stored[write_at] = new
        packed = enables | write_at << lanes | value << lanes + place
        stimuli.append(packed | (asked | read_at << 1) << lanes + place + width)
        expected.append(data)
    bits = lanes + 2 * place + width + 1
    (folder / "stimuli.hex").write_text("\n".join(f"{word:x}" for word in stimuli))
    fields = {"high": bits - 1, "last": CYCLES - 1, "width_high": width - 1, "lanes_high": lanes - 1}
    fields |= {"lanes": lanes, "place": place, "width": width}
    (folder / "bench.v").write_text(BENCH.format(**fields) + text + macro_models(used))
    subprocess.run(["iverilog", "-g2005", "-s", "bench", "-o", "bench", "bench.v"], cwd=folder, check=True)
    said = subprocess.run(["vvp", "bench"], cwd=folder, capture_output=True, text=True, check=True).stdout.split()
    return said, expected, used


@needs_icarus
@pytest.mark.parametrize("name", ["ihp-sg13g2", "registers"])
@pytest.mark.parametrize(
    ("shape", "single_port", "transparent"),
    [
        ((90, 40, 1), True, False),  # one port
        ((1500, 64, 2), True, False),  # one above the other, halves written
        ((130, 24, 3), False, False),  # two ports, bytes written, macro wider than the word
        ((100, 70, 1), False, False),  # side by side
        ((300, 20, 1), False, True),  # reads see what is written
    ],
    ids=["one port", "rows", "bytes", "columns", "transparent"],
)
def test_reads_what_was_written(name, shape, single_port, transparent, tmp_path, monkeypatch):
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    said, expected, used = run(name, tmp_path, shape, single_port=single_port, transparent=transparent, clash=False)
    known = [
        (got, f"{want:0{-(-shape[1] // 4)}x}") for got, want in zip(said, expected, strict=True) if want is not None
    ]
    assert len(known) > CYCLES // 2
    assert [got for got, _ in known] == [want for _, want in known]
    if name == "ihp-sg13g2":
        use = MemoryUse(shape[0], shape[1], ports=1 if single_port else 2, write_bits=shape[1] // shape[2])
        assert held_in(use, macros=True) == "macro"
        grid = fit(IHP_SG13G2, use)
        assert grid is not None
        assert used == {grid.macro: grid.count}


@needs_icarus
def test_the_models_spoil_what_is_read_while_it_is_written(tmp_path, monkeypatch):
    """A unit that relied on the old word there would fail in simulation."""
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    shape = (130, 24, 1)
    said, expected, _ = run("ihp-sg13g2", tmp_path, shape, single_port=False, transparent=False, clash=True)
    wrong = [got for got, want in zip(said, expected, strict=True) if want is not None and got != f"{want:06x}"]
    assert len(wrong) > 10


def test_the_table_of_macros_is_the_kits() -> None:
    root = os.environ.get("PDK_ROOT")
    if not root or TARGET.macros is None or not (Path(root) / TARGET.macros).is_dir():
        pytest.skip("PDK_ROOT has no macros of IHP SG13G2")
    found, modelled = {}, {macro.name: macro_models([macro]) for macro in IHP_SG13G2}
    for file in TARGET.macro_files():
        for cell in read_liberty(file).cells.values():
            if cell.memory is not None:
                ports = sum(pin.endswith("_CLK") and "BIST" not in pin for pin in cell.pins)
                shape = (cell.memory.words, cell.memory.width, ports, "A_BM" in cell.pins)
                found[cell.name] = (*shape, pytest.approx(cell.area_um2, abs=1e-3))
                pins = re.findall(r"^  (?:input|output reg) (?:\[\d+:0\] )?(\w+)", modelled[cell.name], re.M)
                assert set(pins) == cell.pins.keys(), cell.name
    known = {m.name: (m.words, m.width, m.ports, m.bit_write, m.area_um2) for m in IHP_SG13G2}
    assert known == found


def test_a_wrong_name_is_told() -> None:
    with pytest.raises(ValueError, match="SRAM is no name of a macro of IHP SG13G2: RM_IHPSG13_1P_64x64"):
        _ = IhpMacro("SRAM", 1.0).words
