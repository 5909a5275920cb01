"""Stage ``power``: the mapped netlist, gate by gate on blocks of the test split, and what its activity costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.runner import StageError
from flow.stages.progress import Step, stepper
from flow.stages.rtl import detected
from flow.stages.synth import require_front_end
from flow.task import Task
from rtl.files import COMPRESSOR, MANIFESTS
from synth.files import NETLIST, PLACE_REPORT, PLACED_CLOCK, PLACED_NETS
from synth.targets.cells import CellTarget
from synth.targets.find import cell_target, target_name, with_cells

__all__ = ["plan_implant", "plan_power"]

OF_PLACEMENT = (PLACE_REPORT, PLACED_CLOCK, PLACED_NETS)


def plan_power(layout: Layout, target: str, blocks: int, *, placed: bool) -> Task:
    """Measure ``blocks`` blocks at full rate for ``target``, a target, with wires ``placed`` or assumed.

    Raises:
        ValueError: no such target, one without cells, or its cell library is missing or broken.
    """
    cells = _cells(target)

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from spikecae.spec import load_spec
        from synth.power.measure import measure_power

        adc = load_dataset_file(layout.data).test.adc
        spec = load_spec(layout.spec)
        with _measuring(console) as progress:
            found = measure_power(
                spec,
                layout.rtl,
                layout.synth(target),
                cells,
                adc,
                folder,
                blocks=blocks,
                place_dir=layout.place(target) if placed else None,
                progress=progress,
            )
        return str(found)

    return Task(
        name=f"power {target_name(target)}",
        entry="flow.stages.power",
        output=layout.power(target),
        files=("power.json",),
        run=run,
        inputs={
            "data": layout.data,
            "manifest.json": layout.rtl / "manifest.json",
            "report.json": layout.synth(target) / "report.json",
            NETLIST: layout.synth(target) / NETLIST,
            **{file.name: file for file in [cells.file(), *cells.macro_files().values()]},
            **({name: layout.place(target) / name for name in OF_PLACEMENT} if placed else {}),
        },
        settings={"target": target_name(target), "blocks": blocks, "wires": "placed" if placed else "assumed"},
        tools=("numba", "numpy"),
    )


def plan_implant(layout: Layout, target: str, *, placed: bool) -> Task:
    """Measure encoder and front end on noise, and on test spikes in it, for ``target``, with wires ``placed`` or
    assumed.

    Raises:
        ValueError: no such target, one without cells, its cell library is missing or broken, or there is no front end.
    """
    require_front_end(layout)
    cells = _cells(target)
    synthesized, placement = layout.synth(target, whole=True), layout.place(target, whole=True)

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from spikecae.front_end.front_end import designed_front_end
        from spikecae.spec import load_spec
        from synth.power.implant import measure_implant

        adc = load_dataset_file(layout.data).test.adc
        with _measuring(console) as progress:
            found = measure_implant(
                layout.design,
                load_spec(layout.spec),
                designed_front_end(layout.design),
                layout.rtl,
                synthesized,
                cells,
                adc,
                folder,
                place_dir=placement if placed else None,
                progress=progress,
            )
        return str(found)

    return Task(
        name=f"power {target_name(target)}, whole",
        entry="flow.stages.power",
        output=layout.power(target, whole=True),
        files=("implant.json",),
        run=run,
        inputs={
            "data": layout.data,
            MANIFESTS[COMPRESSOR]: layout.rtl / MANIFESTS[COMPRESSOR],
            "report.json": synthesized / "report.json",
            NETLIST: synthesized / NETLIST,
            **{file.name: file for file in [cells.file(), *cells.macro_files().values()]},
            **({name: placement / name for name in OF_PLACEMENT} if placed else {}),
        },
        settings={
            "target": target_name(target),
            "front end": detected(layout.design),
            "wires": "placed" if placed else "assumed",
        },
        tools=("numba", "numpy", "scipy"),
    )


@contextmanager
def _measuring(console: Console) -> Iterator[Step]:
    """What is to be told of progress; a netlist that sends other packets than golden ends the stage."""
    from synth.power.measure import NetlistError

    with stepper("power", console) as progress:
        try:
            yield progress
        except NetlistError as error:
            raise StageError(str(error)) from None


def _cells(target: str) -> CellTarget:
    cells = cell_target(target)
    if cells is None:
        named = ", ".join(with_cells())
        raise ValueError(f"target {target} has no cells, and so no power; give --target one of {named}, or a .lib file")
    return cells
