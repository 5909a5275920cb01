"""Stage ``place``: a place for every cell and macro of the mapped netlist, and a length for every wire."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.stages.progress import stepper
from flow.task import Task
from synth.files import NETLIST, PLACE_REPORT, PLACED_CLOCK, PLACED_DEF, PLACED_NETS, PLACEMENT
from synth.targets.find import cell_target, target_name, with_cells

__all__ = ["plan_place"]


def plan_place(layout: Layout, target: str) -> Task:
    """Place for ``target``, a name or a liberty file.

    Raises:
        ValueError: no such target, one without cells, rows or wires, or its cell library is missing or broken.
    """
    cells = cell_target(target)
    if cells is None:
        named = ", ".join(with_cells())
        raise ValueError(f"target {target} has no cells to place; give --target one of {named}")
    rows = cells.rows()
    drawn = cells.lef_file()
    kit = [cells.file(), *cells.macro_files().values(), *cells.macro_lef_files().values()]
    kit += [] if drawn is None else [drawn]

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from spikecae.spec import load_spec
        from synth.place.stage import place_netlist
        from synth.power.transitions import transitions

        adc, spec, synthesized = load_dataset_file(layout.data).test.adc, load_spec(layout.spec), layout.synth(target)
        with stepper("place", console) as progress:
            counted = transitions(spec, layout.rtl, synthesized, cells, adc, progress=progress)
            return str(place_netlist(layout.rtl, synthesized, cells, folder, counted, progress=progress))

    return Task(
        name=f"place {target_name(target)}",
        entry="flow.stages.place",
        output=layout.place(target),
        files=(PLACE_REPORT, PLACEMENT, PLACED_NETS, PLACED_CLOCK, PLACED_DEF),
        run=run,
        inputs={
            "data": layout.data,
            NETLIST: layout.synth(target) / NETLIST,
            "report.json": layout.synth(target) / "report.json",
            "manifest.json": layout.rtl / "manifest.json",
            **{file.name: file for file in kit},
        },
        settings={
            "target": target_name(target),
            "density": cells.density.value,
            **{name: figure["value"] for name, figure in rows.model_dump().items()},
        },
        tools=("coloquinte", "numba", "numpy"),
    )
