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
from synth.power.wires import WIRE_PF
from synth.report import SynthesisReport
from synth.targets.cells import CellTarget

__all__ = ["MappedNetlist", "read_mapped"]


@dataclass(frozen=True)
class MappedNetlist:
    """A netlist, what it was emitted and mapped as, its cells, and what its memories cost, by their names."""

    manifest: Manifest
    mapping: Mapping
    library: Library
    netlist: Netlist
    memories: dict[str, MemoryCost]

    @property
    def assumed_wires(self) -> NDArray[np.float64]:
        """(nets,) ``WIRE_PF`` for each pin, pF."""
        return allowed_wires(self.netlist, self.memories, WIRE_PF)

    @property
    def leakage_uw(self) -> float:
        """Of cells and macros."""
        return self.mapping.leakage_uw + sum(cost.leakage_nw for cost in self.memories.values()) / 1e3

    def simulator(self, wires_pf: NDArray[np.float64], passing: Filter) -> tuple[GateSimulator, Delays]:
        """What runs it, with its delays.

        Args:
            wires_pf: (nets,) capacitance of each net's wire.
            passing: what a pulse must outlast to leave a gate.
        """
        delays = delays_of(self.netlist, self.memories, wires_pf)
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
    return MappedNetlist(manifest, report.mapping, library, netlist, _costs(netlist, report.mapping, target))


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
