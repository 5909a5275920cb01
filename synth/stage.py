"""Stage ``synth``: what the emitted Verilog is made of, and what it should cost."""

from pathlib import Path

from rtl.files import COMPRESSOR, ENCODER
from rtl.planning import make_plan
from sim.emitted import load_manifest
from spikecae.design import Design
from spikecae.files import write_text
from spikecae.spec import EncoderSpec
from synth.estimate.analytic import estimate
from synth.mapping.cells import map_to_cells
from synth.mapping.fpga import map_to_fpga
from synth.mapping.yosys import statistics
from synth.report import SynthesisReport
from synth.targets.cells import CellTarget
from synth.targets.find import cell_target, target_name, with_costs
from synth.targets.fpga import FPGAS
from synth.targets.registry import WITHOUT_CELLS

__all__ = ["synthesize"]

MAPPED = (
    "Yosys word-level statistics of the flattened module, and the encoder mapped by Yosys and ABC to a library's cells"
)
"""How it is done for a target with cells; takes minutes."""
MAPPED_TO_FPGA = (
    "Yosys word-level statistics of the flattened module, and the encoder mapped by Yosys to an FPGA's cells; placed "
    "and routed by nextpnr, without constraints on pins, where it fits"
)
"""How it is done for an FPGA; takes minutes."""


def synthesize(
    design: Design,
    spec: EncoderSpec,
    rtl_dir: Path,
    out_dir: Path,
    target: str | CellTarget = "generic",
    *,
    whole: bool = False,
) -> SynthesisReport:
    """Count the encoder and each of its units alone, and estimate energy, area and power density.

    Args:
        design: the hardware's knobs.
        spec: what the encoder was emitted from.
        rtl_dir: folder with its Verilog and manifest.
        out_dir: gets ``report.json``, and the netlist of a target with cells.
        target: ``generic``, ``gates``, a process or an FPGA by name, or a liberty file (``synth.targets.find``); or
            a process that has no name there.
        whole: take the encoder with the front end before it; there is no estimate of that.

    Raises:
        ValueError: no such target, its cells are missing, or the Verilog is another spec's.
        FileNotFoundError: the Verilog has no front end.
        MissingToolError, YosysError: Yosys is missing, or refuses the Verilog.
    """
    cells = target if isinstance(target, CellTarget) else cell_target(target)
    name = target.name if isinstance(target, CellTarget) else target
    if cells is not None:
        cells.file()  # what is missing is told before minutes of work
    manifest = load_manifest(rtl_dir, COMPRESSOR if whole else ENCODER)
    if manifest.spec_hash != spec.hash:
        raise ValueError(
            f"{rtl_dir} was emitted from spec {manifest.spec_hash[:12]}, not {spec.hash[:12]}; run the rtl stage anew"
        )
    verilog = rtl_dir / manifest.verilog
    device = FPGAS.get(name)
    (encoder,) = statistics(verilog, [manifest.top], gates=name == "gates")
    modules = [unit.module for unit in manifest.units]
    units = statistics(verilog, modules)
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
        estimates=[] if whole else [estimate(plan, manifest, process, encoder) for process in with_costs().values()],
        mapping=None if cells is None else map_to_cells(verilog, manifest, cells, design.hardware.clock_mhz, out_dir),
        fpga=None if device is None else map_to_fpga(verilog, manifest, device, design.hardware.clock_mhz),
    )
    write_text(out_dir / "report.json", report.model_dump_json(indent=1) + "\n")
    return report
