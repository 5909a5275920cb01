"""Stage ``testbench``: a bench in plain Verilog with vectors of the test split, for simulators without the toolkit."""

import shutil
from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task
from rtl.files import ENCODER, MANIFESTS
from sim.testbench.files import BENCH, VECTORS

__all__ = ["plan_testbench"]

BLOCKS = 16


def plan_testbench(layout: Layout) -> Task:
    """Write the bench for the emitted encoder, with the encoder's Verilog beside it."""
    verilog = layout.rtl / f"{ENCODER}.v"

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from sim.emitted import load_manifest, load_writes
        from sim.testbench.bench import write_bench
        from spikecae.spec.operating_points import load_operating_points

        spec = load_operating_points(layout.spec)[0]
        manifest = load_manifest(layout.rtl)
        adc = load_dataset_file(layout.data).test.adc[:BLOCKS]
        write_bench(spec, manifest, load_writes(layout.rtl, manifest), adc, folder)
        shutil.copyfile(verilog, folder / verilog.name)
        return f"{len(adc)} blocks, spec {spec.hash[:8]}; run {BENCH} in {layout.testbench}"

    return Task(
        name="testbench",
        entry="flow.stages.testbench",
        output=layout.testbench,
        files=(BENCH, *VECTORS, verilog.name),
        run=run,
        inputs={
            "data": layout.data,
            **{name: layout.spec / name for name in layout.of_points("spec.json", "spec.npz")},
            verilog.name: verilog,
            MANIFESTS[ENCODER]: layout.rtl / MANIFESTS[ENCODER],
        },
        settings={"blocks": BLOCKS},
        tools=("numpy",),
    )
