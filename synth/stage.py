"""Stage ``synth``: what the emitted Verilog is made of, and what it should cost."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from rtl.planning import make_plan
from sim.emitted import load_manifest
from spikecae.design import Design
from spikecae.files import write_text
from spikecae.spec import EncoderSpec
from synth.estimate.analytic import Estimate, estimate
from synth.estimate.energy_table import NODES
from synth.mapping.cells import Mapping, map_to_cells
from synth.mapping.fpga import FpgaMapping, map_to_fpga
from synth.mapping.yosys import ModuleStatistics, statistics
from synth.targets.cells import CellTarget
from synth.targets.find import WITHOUT_CELLS, cell_target, target_name
from synth.targets.fpga import FPGAS

__all__ = ["SynthesisReport", "synthesize"]

MAPPED = (
    "Yosys word-level statistics of the flattened module, and the encoder mapped by Yosys and ABC to a library's cells"
)
"""How it is done for a target with cells; takes minutes."""
MAPPED_TO_FPGA = (
    "Yosys word-level statistics of the flattened module, and the encoder mapped by Yosys to an FPGA's cells; placed "
    "and routed by nextpnr, without constraints on pins, where it fits"
)
"""How it is done for an FPGA; takes minutes."""


class SynthesisReport(BaseModel):
    """``report.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    target: str
    method: str
    encoder: ModuleStatistics
    units: list[ModuleStatistics]
    parameter_bits: int
    working_memory_bits: int
    activation_bytes: float
    """Partial sums, latents, windows and delays, without input buffer, parameters and packets."""
    estimates: list[Estimate]
    mapping: Mapping | None = None
    """None for a target without cells."""
    fpga: FpgaMapping | None = None
    """None for a target that is no FPGA."""

    def __str__(self) -> str:
        if self.fpga is not None:
            return f"{len(self.units)} units; {self.fpga}"
        if self.mapping is not None:
            return f"{len(self.units)} units; {self.mapping}"
        first = self.estimates[0]
        return (
            f"{len(self.units)} units, {self.encoder.flip_flop_bits} flip-flops, "
            f"{self.parameter_bits + self.working_memory_bits} memory bits; estimated for {first.process}: "
            f"{first.energy_nj_per_spike:.0f} nJ per spike, {first.area_mm2:.2f} mm², "
            f"{first.channels_within_limit} channels within {first.limit_uw_per_mm2:.0f} µW/mm²"
        )


def synthesize(
    design: Design, spec: EncoderSpec, rtl_dir: Path, out_dir: Path, target: str | CellTarget = "generic"
) -> SynthesisReport:
    """Count the encoder and each of its units alone, and estimate energy, area and power density.

    Args:
        design: the hardware's knobs.
        spec: what the encoder was emitted from.
        rtl_dir: folder with its Verilog and manifest.
        out_dir: gets ``report.json``, and the netlist of a target with cells.
        target: ``generic``, ``gates``, a process or an FPGA by name, or a liberty file (``synth.targets.find``); or
            a process that has no name there.

    Raises:
        ValueError: no such target, its cells are missing, or the Verilog is another spec's.
        MissingToolError, YosysError: Yosys is missing, or refuses the Verilog.
    """
    cells = target if isinstance(target, CellTarget) else cell_target(target)
    name = target.name if isinstance(target, CellTarget) else target
    if cells is not None:
        cells.file()  # what is missing is told before minutes of work
    manifest = load_manifest(rtl_dir)
    if manifest.spec_hash != spec.hash:
        raise ValueError(
            f"{rtl_dir} was emitted from spec {manifest.spec_hash[:12]}, not {spec.hash[:12]}; run the rtl stage anew"
        )
    verilog = rtl_dir / manifest.verilog
    device = FPGAS.get(name)
    (encoder,) = statistics(verilog, [manifest.top], gates=name == "gates")
    units = statistics(verilog, [unit.module for unit in manifest.units])
    plan = make_plan(spec, design.hardware)
    parameters = sum(memory.bits for memory in manifest.memories if memory.role == "parameters")
    report = SynthesisReport(
        design=manifest.design,
        spec_hash=spec.hash,
        target=target_name(name),
        method=WITHOUT_CELLS.get(name, MAPPED_TO_FPGA if device else MAPPED),
        encoder=encoder,
        units=units,
        parameter_bits=parameters,
        working_memory_bits=sum(memory.bits for memory in manifest.memories) - parameters,
        activation_bytes=sum(plan.storage().values()) / 8,
        estimates=[estimate(plan, manifest, node, encoder) for node in NODES.values()],
        mapping=None if cells is None else map_to_cells(verilog, manifest, cells, design.hardware.clock_mhz, out_dir),
        fpga=None if device is None else map_to_fpga(verilog, manifest, device, design.hardware.clock_mhz),
    )
    write_text(out_dir / "report.json", report.model_dump_json(indent=1) + "\n")
    return report
