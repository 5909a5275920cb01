"""A mapped netlist with all that its simulation needs, read and checked in one place."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.files import ENCODER
from rtl.manifest import Manifest
from sim.emitted import load_manifest
from spikecae.records import read_record
from synth.cells.liberty import Library, read_liberty
from synth.files import CLOCK
from synth.gates.delays import Delays, allowed_wires, delays_of
from synth.gates.gate_simulator import GateSimulator
from synth.gates.memory_cost import MemoryCost, memory_cost, no_macro
from synth.gates.netlist import Netlist
from synth.gates.netlist_file import read_netlist_file
from synth.gates.pulse_filter import Filter
from synth.gates.pulses import shortest_pulses
from synth.mapping.mapping_report import Mapping
from synth.place.place_report import PlaceReport
from synth.power.clock_energy import CLOCK_TREE_SINKS, TreeModel, assumed_tree, placed_tree
from synth.power.wires import WIRE_PF, placed_wires
from synth.report import SynthesisReport
from synth.targets.cells import CellTarget

__all__ = ["MappedNetlist", "Wires", "read_mapped"]


@dataclass(frozen=True)
class Wires:
    """What a netlist's wires are: (nets,) capacitance of each in pF, the clock's tree, and the placement if any."""

    pf: NDArray[np.float64]
    tree: TreeModel
    placement: PlaceReport | None = None

    @property
    def pf_per_pin(self) -> float:
        """Allowed for each pin; on average, if they are placed."""
        return WIRE_PF if self.placement is None else self.placement.wires.ff_per_sink / 1e3

    def __str__(self) -> str:
        if self.placement is not None:
            return f"wires: placed, not routed; {self.placement}; {self.placement.wires.detour.source}"
        return f"assumed: {1e3 * WIRE_PF:g} fF of wire for each pin, one clock buffer for {CLOCK_TREE_SINKS} clock pins"


@dataclass(frozen=True)
class MappedNetlist:
    """A netlist, what it was emitted and mapped as, its cells, and what its memories cost, by their names."""

    synth_dir: Path
    target: CellTarget
    manifest: Manifest
    mapping: Mapping
    library: Library
    netlist: Netlist
    memories: dict[str, MemoryCost]

    @property
    def assumed_wires(self) -> Wires:
        """``WIRE_PF`` for each pin, and a tree of as many buffers as its pins want."""
        tree = assumed_tree(self.library, self.target.driving_cell)
        return Wires(allowed_wires(self.netlist, self.memories, WIRE_PF), tree)

    def wires(self, place_dir: Path | None) -> Wires:
        """Those that the place stage left of this netlist in ``place_dir``; assumed ones without.

        Raises:
            ValueError: there is no placement, or it is another netlist's.
        """
        if place_dir is None:
            return self.assumed_wires
        placed = placed_wires(place_dir, self.synth_dir, self.netlist)
        tree = placed_tree(self.library, placed.tree, placed.report.wires.clock_ff_per_um.value)
        return Wires(placed.wires_pf, tree, placed.report)

    @property
    def leakage_uw(self) -> float:
        """Of cells and macros."""
        return self.mapping.leakage_uw + sum(cost.leakage_nw for cost in self.memories.values()) / 1e3

    def simulator(self, wires: Wires, passing: Filter) -> tuple[GateSimulator, Delays]:
        """What runs it, with its delays.

        Args:
            wires: of its nets.
            passing: what a pulse must outlast to leave a gate.
        """
        delays = delays_of(self.netlist, self.memories, wires.pf)
        pulses_ns = shortest_pulses(self.netlist, delays, self.library.slew_span, passing)
        simulator = GateSimulator(self.netlist, delays, pulses_ns, self.memories, CLOCK, self.mapping.clock_mhz)
        return simulator, delays


def read_mapped(
    spec_hash: str, rtl_dir: Path, synth_dir: Path, target: CellTarget, kind: str = ENCODER
) -> MappedNetlist:
    """Read what the synth stage mapped.

    Args:
        spec_hash: of what it was emitted from.
        rtl_dir: folder with the manifest.
        synth_dir: folder with the report and the netlist for ``target``.
        target: the process.
        kind: which of the emitted designs.

    Raises:
        ValueError: files are missing, or of different specs.
    """
    manifest = load_manifest(rtl_dir, kind)
    report = read_record(
        synth_dir / "report.json", SynthesisReport, "synthesis report", "run the synth stage to make it"
    )
    if not spec_hash == manifest.spec_hash == report.spec_hash:
        raise ValueError(f"{synth_dir} and {rtl_dir} are not both of spec {spec_hash[:12]}; run rtl and synth anew")
    if report.mapping is None:
        raise ValueError(f"{synth_dir} has no mapped netlist; run synth for a target with cells")
    library = read_liberty(target.file(), timing=True)
    netlist = read_netlist_file(synth_dir, manifest.top, library)
    costs = _costs(netlist, report.mapping, target)
    return MappedNetlist(synth_dir, target, manifest, report.mapping, library, netlist, costs)


def _costs(netlist: Netlist, mapping: Mapping, target: CellTarget) -> dict[str, MemoryCost]:
    """What each memory costs: its macros, as the mapping chose them."""
    files = {macro.name: (macro, file) for macro, file in target.macro_files().items()}
    used = {row.macro for memory in mapping.memories if memory.macro for row in memory.macro.rows}
    known = {name: (files[name][0], read_liberty(files[name][1], timing=True).cells[name]) for name in sorted(used)}
    choices = {memory.name: memory.macro for memory in mapping.memories}
    costs = {}
    for memory in netlist.memories:
        choice = choices[memory.name.rpartition(".")[0]]
        if choice is None:
            costs[memory.name] = no_macro(memory.words, memory.width)
        else:
            costs[memory.name] = memory_cost(choice, known, memory.words)
    return costs
