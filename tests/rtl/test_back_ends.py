"""Memories made of macros or flip-flops do what an array does, access for access."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.back_ends import Arrays, Macros, back_end
from rtl.memory.kit import Macro, MacroFiles, Pin, Port
from rtl.memory.macro_models import macro_models
from rtl.memory.macros import fit
from rtl.memory.sized import SizedMemory
from rtl.shape.memory_use import MemoryUse, held_in
from rtl.units.clocked import Clocked
from synth.cells.liberty import read_liberty
from synth.gates.memory_cost import memory_cost
from synth.mapping.mapping_report import MacroChoice, MacroRow
from synth.targets import ihp_sg13g2
from tests.synth import new_process

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing")

CYCLES = 4000
KITS = {target.name: target.macros for target in (ihp_sg13g2.TARGET, new_process.TARGET)}
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


def run(
    name: str,
    folder: Path,
    shape: tuple[int, int, int],
    *,
    single_port: bool,
    transparent: bool,
    clash: bool,
    models: str | None = None,
):
    """Random accesses: what is read, as Icarus says and as an array of Python's says, and the macros used."""
    depth, width, lanes = shape
    place, part = (depth - 1).bit_length(), width // lanes
    draw = np.random.default_rng(7)
    few = draw.permutation(depth)[:24]  # so that words are met again
    platform = back_end(name, KITS.get(name))
    top = Clocked(Holder(depth, width, lanes, single_port=single_port, transparent=transparent), "holder")
    text = verilog.convert(top, platform=platform, name="top", strip_internal_attrs=True, emit_src=False)
    used = platform.used if isinstance(platform, Macros) else {}
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
    (folder / "bench.v").write_text(BENCH.format(**fields) + text + (models or macro_models(used)))
    subprocess.run(["iverilog", "-g2005", "-s", "bench", "-o", "bench", "bench.v"], cwd=folder, check=True)
    said = subprocess.run(["vvp", "bench"], cwd=folder, capture_output=True, text=True, check=True).stdout.split()
    return said, expected, used


@needs_icarus
@pytest.mark.parametrize("name", [*KITS, "registers"])
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
    if name in KITS:
        use = MemoryUse(shape[0], shape[1], ports=1 if single_port else 2, write_bits=shape[1] // shape[2])
        assert held_in(use, macros=True) == "macro"
        grid = fit(KITS[name].macros, use)
        assert grid is not None
        expected: Counter[Macro] = Counter()
        for row in grid.rows:
            expected[row.macro] += row.columns
        assert used == expected


def test_what_mostly_rests_is_a_macro_sooner() -> None:
    """64 search states of 16 bits; thresholds of as many bits, which are looked up word after word, are flip-flops."""
    states, thresholds = MemoryUse(64, 16, write_bits=16, rare=True), MemoryUse(16, 64, write_bits=8, ports=1)
    assert held_in(states, macros=True) == "macro"
    assert held_in(thresholds, macros=True) == held_in(states, macros=False) == "flip-flops"
    assert held_in(MemoryUse(32, 16, write_bits=16, rare=True), macros=True) == "flip-flops"


@needs_icarus
@pytest.mark.parametrize(
    ("shape", "single_port"), [((1500, 64, 2), True), ((130, 24, 3), False)], ids=["one port", "two ports"]
)
def test_models_that_come_with_a_kit_do_the_same(shape, single_port, tmp_path, monkeypatch):
    """They are written by hand: levels of pins, masks and constants are as the process's file says."""
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    models = new_process.VERILOG
    said, expected, used = run(
        "newfab", tmp_path, shape, single_port=single_port, transparent=False, clash=False, models=models
    )
    known = [(got, want) for got, want in zip(said, expected, strict=True) if want is not None]
    assert len(known) > CYCLES // 2
    assert [int(got, 16) for got, _ in known] == [want for _, want in known]
    assert [macro.name for macro in used] == ["one_port" if single_port else "two_ports"]


@needs_icarus
@pytest.mark.parametrize("name", KITS)
def test_the_models_spoil_what_is_read_while_it_is_written(name, tmp_path, monkeypatch):
    """A unit that relied on the old word there would fail in simulation."""
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    shape = (130, 24, 1)
    said, expected, _ = run(name, tmp_path, shape, single_port=False, transparent=False, clash=True)
    wrong = [got for got, want in zip(said, expected, strict=True) if want is not None and got != f"{want:06x}"]
    assert len(wrong) > 10


def test_the_table_of_macros_is_the_kits() -> None:
    if not os.environ.get("PDK_ROOT") or not ihp_sg13g2.TARGET.macro_files():
        pytest.skip("PDK_ROOT has no macros of IHP SG13G2")
    files = ihp_sg13g2.TARGET.macro_files()
    assert files.keys() == set(KITS["ihp-sg13g2"].macros)
    # None is left out of the table: the kit's folder has no other files.
    assert set(next(iter(files.values())).parent.glob("*_typ_*.lib")) == set(files.values())
    for macro, file in files.items():
        cell = read_liberty(file, timing=True).cells[macro.name]
        assert (cell.memory.words, cell.memory.width) == (macro.words, macro.width)
        assert cell.area_um2 == pytest.approx(macro.area_um2, abs=1e-3)
        row = MacroRow(macro=macro.name, columns=1)
        choice = MacroChoice(rows=[row], area_um2=macro.area_um2, leakage_nw=cell.leakage_nw)
        cost = memory_cost(choice, {macro.name: (macro, cell)}, macro.words)
        accesses = (cost.read.access_pj + cost.write.access_pj) / 2
        bit = sum(cost.write.data.energy_pj[0]) / 2
        assert (macro.access_pj, macro.data_pj) == (round(accesses, 2), round(macro.width / 2 * bit, 2))
        pins = [pin for port in macro.interface for pin in port.pins]
        directions = {pin.name: (pin.bits, "output" if pin.role == "data out" else "input") for pin in pins}
        assert {name: (pin.width, pin.direction) for name, pin in cell.pins.items()} == directions
        clocks = {pin.name for pin in cell.pins.values() if pin.clock and "BIST" not in pin.name}
        assert {pin.name for pin in pins if pin.role == "clock"} == clocks


def test_a_wrong_name_is_told() -> None:
    with pytest.raises(ValueError, match="SRAM is no name of a macro of IHP SG13G2: RM_IHPSG13_1P_64x64"):
        ihp_sg13g2.macro("SRAM", 1.0, 1.0, 0.0)


FILES = MacroFiles(gds="m.gds", lef="m.lef", liberty="m.lib", verilog="m.v")
PINS = {
    "clock": Pin("ck", "clock"),
    "enable": Pin("ce", "enable"),
    "write": Pin("we", "write"),
    "address": Pin("a", "address", 4),
    "data in": Pin("d", "data in", 8),
    "data out": Pin("q", "data out", 8),
}
"""A macro with one port, 16 words of 8 bits."""


def described(words: int = 16, ports: int = 1, **changed: Pin | None) -> Macro:
    pins = PINS | {role.replace("_", " "): pin for role, pin in changed.items()}
    port = Port(tuple(pin for pin in pins.values() if pin is not None))
    return Macro("m", words, 8, 1.0, 1.0, 0.0, (port,) * ports, FILES)


def test_masks_say_what_is_written_by_itself() -> None:
    assert described().write_bits == 8
    assert described(mask=Pin("m", "mask", 8)).write_bits == 1
    halves = described(mask=Pin("m", "mask", 2))
    assert halves.write_bits == 4
    grids = [fit([halves], MemoryUse(16, 12, write_bits=bits, ports=1)) for bits in (4, 6)]
    assert [grid and [row.columns for row in grid.rows] for grid in grids] == [[2], None]


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        ("17 words, must be a power of two", {"words": 17}),
        ("3 ports, must be 1 or 2", {"ports": 3}),
        ("no pin for 'data out'", {"data_out": None}),
        ("no pin for 'clock'", {"clock": None}),
        ("no pin says when to write", {"write": None}),
        ("no pin says when to read", {"enable": None}),
        ("several pins for 'clock'", {"enable": Pin("ck2", "clock")}),
        ("mask m has 3 bits", {"mask": Pin("m", "mask", 3)}),
        ("pin a has 5 bits, must have 4", {"address": Pin("a", "address", 5)}),
        ("pin d has 9 bits, must have 8", {"data_in": Pin("d", "data in", 9)}),
    ],
)
def test_pins_that_make_no_macro_are_told(fault: str, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"macro m: .*{fault}"):
        described(**wrong)


def test_a_process_needs_its_own_kit() -> None:
    with pytest.raises(ValueError, match=r"memories = 'newfab' takes .* none was given; .*macro_kit\('newfab'\)"):
        back_end("newfab")
    with pytest.raises(ValueError, match=r"memories = 'ihp-sg13g2' .* those of newfab were given"):
        back_end("ihp-sg13g2", KITS["newfab"])
    assert isinstance(back_end("inferred"), Arrays)


def test_a_memory_that_no_macro_serves_is_told(monkeypatch) -> None:
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    top = Clocked(Holder(300, 20, 4, single_port=False, transparent=False), "holder")
    with pytest.raises(ValueError, match=r"no macro of newfab serves a memory of 300 words of 20 .* 5 bits written"):
        verilog.convert(top, platform=back_end("newfab", KITS["newfab"]))
