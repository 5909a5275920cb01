"""Stage ``sim``: the emitted Verilog against the golden model, on blocks of the test split."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task

__all__ = ["plan_sim"]


def plan_sim(layout: Layout, blocks: int, waves: bool) -> Task:
    """Simulate ``blocks`` blocks, leaving a waveform if ``waves``."""

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from sim.stage import simulate
        from spikecae.spec import load_spec

        adc = load_dataset_file(layout.data).test.adc[:blocks]
        with console.status("simulating"):
            results = simulate(load_spec(layout.spec), layout.rtl, adc, folder, waves=waves)
        return str(results)

    return Task(
        name="sim",
        entry="flow.stages.sim",
        output=layout.sim,
        files=("results.json",),
        run=run,
        inputs={
            "data": layout.data,
            "spec.json": layout.spec / "spec.json",
            "spec.npz": layout.spec / "spec.npz",
            "spike_encoder.v": layout.rtl / "spike_encoder.v",
            "manifest.json": layout.rtl / "manifest.json",
        },
        settings={"blocks": blocks, "waves": waves},
        tools=("verilator", "numpy"),
    )
