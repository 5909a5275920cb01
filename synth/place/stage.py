"""Stage ``place``: the mapped netlist's cells and macros get a place each, its wires a length, its clock a tree."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.files import ENCODER
from sim.emitted import load_manifest
from spikecae.files import replacing, write_text
from spikecae.records import read_record
from synth.cells.liberty import read_liberty
from synth.files import CLOCK, PLACE_REPORT, PLACED_CLOCK, PLACED_DEF, PLACED_NETS, PLACEMENT
from synth.gates.netlist import Netlist
from synth.gates.netlist_file import netlist_hash, read_netlist_file
from synth.mapping.mapping_report import Mapping
from synth.place.blocks import GRID_UM, Blocks, MacroRow, blocks_of, in_grid
from synth.place.clock_tree import grow_clock_tree, save_tree
from synth.place.def_file import def_text
from synth.place.floorplan import floorplan
from synth.place.outlines import cell_outlines, macro_outlines
from synth.place.place_report import ClockFigures, PlaceReport, WireFigures
from synth.place.placement import Placement, save_placement
from synth.place.placer import place_cells
from synth.place.wires import DETOUR, half_perimeters, pins_of_nets, wire_lengths
from synth.report import SynthesisReport
from synth.targets.cells import CellTarget, Rows

__all__ = ["SEED", "place_netlist"]

SEED = 1
MOST_PULL = 16.0
"""Of a net that changes often; one that changes half as often as the mean, or never, has 1."""
METHOD = (
    "Coloquinte's global and detailed placement, in which nets that change more often pull more, macros along the "
    "edges, ports at the sides; a net's wire is half the perimeter of its box, times a factor for its number of pins, "
    "times a detour; not routed"
)

Progress = Callable[[str, int, int], None]


def place_netlist(
    rtl_dir: Path,
    synth_dir: Path,
    target: CellTarget,
    out_dir: Path,
    transitions: NDArray[np.int64],
    *,
    kind: str = ENCODER,
    seed: int = SEED,
    progress: Progress | None = None,
) -> PlaceReport:
    """Place what the synth stage mapped at the process's density, and write where it lies and what its wires are.

    Args:
        rtl_dir: folder with the manifest.
        synth_dir: folder with the report and the netlist of the synth stage for ``target``.
        target: the process.
        out_dir: gets ``place.json``, the placement, the wires' lengths, the clock's tree and a DEF file.
        transitions: (nets,) how often each net changes, as :func:`synth.power.transitions.transitions` counts, or
            :func:`synth.power.listening.transitions_of_implant`.
        kind: which of the emitted designs.
        seed: another one places otherwise.
        progress: called with the step's name, how much is done, and of about how much.

    Raises:
        ValueError: files are missing, transitions are another netlist's, or rows or wires of the process are not known.
        MissingToolError, PlacerError: Coloquinte is missing, or stopped.
    """
    rows = target.rows()
    manifest = load_manifest(rtl_dir, kind)
    synthesis = read_record(
        synth_dir / "report.json", SynthesisReport, "synthesis report", "run the synth stage to make it"
    )
    if synthesis.mapping is None:
        raise ValueError(f"{synth_dir} has no mapped netlist; run synth for a target with cells")
    library = read_liberty(target.file(), timing=True)
    netlist = read_netlist_file(synth_dir, manifest.top, library)
    if transitions.shape != (netlist.nets,):
        raise ValueError(f"transitions of {transitions.size} nets, but {synth_dir} has a netlist of {netlist.nets}")
    outlines = cell_outlines(target, library, (kind.cell.name for kind in netlist.kinds))
    blocks = blocks_of(netlist, outlines, _grids(netlist, synthesis.mapping, target), rows.site_um.value)
    density = target.density.value
    plan = floorplan(blocks, in_grid(rows.row_um.value), in_grid(rows.site_um.value), density)
    ideal = np.isin(np.arange(netlist.nets), netlist.ports[CLOCK]) | _still(netlist)
    placement = place_cells(
        blocks,
        plan,
        pull=_pull(transitions, ideal),
        units=netlist.units,
        seed=seed,
        progress=progress or (lambda step, done, total: None),
    )
    lengths = wire_lengths(blocks, placement, netlist.nets)
    tree = grow_clock_tree(netlist, placement, library, CLOCK, target.driving_cell, rows.clock_wire_ff_per_um.value)
    macros = slice(blocks.cells, blocks.cells + blocks.macros)
    left = plan.width * plan.height - _area(blocks, macros)
    report = PlaceReport(
        design=manifest.design,
        spec_hash=synthesis.spec_hash,
        target=target.name,
        netlist_sha256=netlist_hash(synth_dir),
        method=METHOD,
        density=density,
        seed=seed,
        cells=blocks.cells,
        macros=blocks.macros,
        die_width_um=plan.width * GRID_UM,
        die_height_um=plan.height * GRID_UM,
        utilisation=_area(blocks, slice(0, blocks.cells)) / left,
        wires=_figures(netlist, blocks, placement, lengths, rows),
        clock=ClockFigures(
            pins=sum(netlist.of_kind(number).size for number, kind in enumerate(netlist.kinds) if kind.clock >= 0),
            buffers=len(tree.net),
            levels=int(tree.levels[0]),
            wire_mm=float(tree.wire_um.sum()) / 1e3,
            insertion_ns=float(tree.arrival_ns[1]),
            skew_ns=float(np.ptp(tree.arrival_ns)),
        ),
    )
    save_placement(out_dir / PLACEMENT, placement)
    with replacing(out_dir / PLACED_NETS) as file:
        np.save(file, lengths, allow_pickle=False)
    save_tree(out_dir / PLACED_CLOCK, tree)
    write_text(out_dir / PLACED_DEF, def_text(manifest.top, blocks, plan, placement))
    write_text(out_dir / PLACE_REPORT, report.model_dump_json(indent=1) + "\n")
    return report


def _pull(transitions: NDArray[np.int64], ideal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(nets,) how much each net pulls: in proportion to its transitions, within bounds that keep all wires short."""
    mean = max(1.0, float(transitions[~ideal].mean()))
    return np.where(ideal, 0.0, np.clip(2 * transitions / mean, 1.0, MOST_PULL))


def _still(netlist: Netlist) -> NDArray[np.bool_]:
    """(nets,) those of tie cells, of which a layout has one wherever one is needed."""
    roles = np.array([kind.role == "tie" for kind in netlist.kinds])[netlist.kind]
    found: NDArray[np.bool_] = (netlist.driver >= 0) & roles[netlist.driver]
    return found


def _area(blocks: Blocks, part: slice) -> float:
    return float((blocks.width[part].astype(np.int64) * blocks.height[part]).sum())


def _grids(netlist: Netlist, mapping: Mapping, target: CellTarget) -> dict[str, list[MacroRow]]:
    """The rows of macros of each memory that has some, by the memory's name in the netlist."""
    known = {macro.name: macro for macro in target.macro_files()}
    choices = {memory.name: memory.macro for memory in mapping.memories}
    chosen = {memory: choices[memory.name.rpartition(".")[0]] for memory in netlist.memories}
    rows = {memory.name: choice.rows for memory, choice in chosen.items() if choice is not None}
    outlines = macro_outlines(target, {row.macro for each in rows.values() for row in each})
    return {
        name: [MacroRow(known[row.macro], outlines[row.macro], row.columns) for row in each]
        for name, each in rows.items()
    }


def _figures(
    netlist: Netlist, blocks: Blocks, placement: Placement, lengths: NDArray[np.float64], rows: Rows
) -> WireFigures:
    pins = pins_of_nets(blocks, netlist.nets)
    signals = (pins > 1) & ~netlist.is_clock & ~_still(netlist)
    sinks = int((pins[signals] - 1).sum())
    wire = float(lengths[signals].sum())
    return WireFigures(
        nets=int(signals.sum()),
        sinks=sinks,
        half_perimeter_mm=float(half_perimeters(blocks, placement, netlist.nets)[signals].sum()) / 1e3,
        wire_mm=wire / 1e3,
        um_per_net=wire / max(1, int(signals.sum())),
        um_per_sink=wire / max(1, sinks),
        ff_per_um=rows.wire_ff_per_um,
        clock_ff_per_um=rows.clock_wire_ff_per_um,
        detour=DETOUR,
    )
