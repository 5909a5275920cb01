"""Stage ``place``: a place for every cell and macro of the mapped netlist, and a length for every wire."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.stages.progress import stepper
from flow.stages.rtl import detected
from flow.stages.synth import require_front_end
from flow.task import Task
from rtl.files import COMPRESSOR, ENCODER, MANIFESTS
from synth.files import NETLIST, PLACE_REPORT, PLACED_CLOCK, PLACED_DEF, PLACED_NETS, PLACEMENT
from synth.targets.find import cell_target, target_name, with_cells

__all__ = ["plan_place"]


def plan_place(layout: Layout, target: str, *, whole: bool = False) -> Task:
    """Place for ``target``, a name or a liberty file; ``whole``: encoder and front end.

    Raises:
        ValueError: no such target, one without cells, rows or wires, its cell library is missing or broken, or what is
            to be taken whole has no front end.
    """
    if whole:
        require_front_end(layout)
    top = COMPRESSOR if whole else ENCODER
    synthesized, manifest = layout.synth(target, whole=whole), MANIFESTS[top]
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
        from spikecae.front_end.front_end import designed_front_end
        from spikecae.spec import load_spec
        from synth.place.stage import place_netlist
        from synth.power.listening import transitions_of_implant
        from synth.power.transitions import transitions

        adc, spec, design = load_dataset_file(layout.data).test.adc, load_spec(layout.spec), layout.design
        files = layout.rtl, synthesized
        with stepper("place", console) as progress:
            if whole:
                front_end = designed_front_end(design)
                counted = transitions_of_implant(design, spec, front_end, *files, cells, adc, progress=progress)
            else:
                counted = transitions(spec, *files, cells, adc, progress=progress)
            return str(place_netlist(*files, cells, folder, counted, kind=top, progress=progress))

    return Task(
        name=f"place {target_name(target)}{', whole' if whole else ''}",
        entry="flow.stages.place",
        output=layout.place(target, whole=whole),
        files=(PLACE_REPORT, PLACEMENT, PLACED_NETS, PLACED_CLOCK, PLACED_DEF),
        run=run,
        inputs={
            "data": layout.data,
            NETLIST: synthesized / NETLIST,
            "report.json": synthesized / "report.json",
            manifest: layout.rtl / manifest,
            **{file.name: file for file in kit},
        },
        settings={
            "target": target_name(target),
            "density": cells.density.value,
            **({"front end": detected(layout.design)} if whole else {}),
            **{name: figure["value"] for name, figure in rows.model_dump().items()},
        },
        tools=("coloquinte", "numba", "numpy"),
    )
