"""Stage ``sim``: the emitted Verilog against the golden model, on blocks of the test split."""

import shutil
from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.runner import StageError
from flow.stages.progress import stepper
from flow.stages.rtl import detected, written
from flow.task import Task

__all__ = ["plan_sim"]


def plan_sim(layout: Layout, blocks: int, waves: bool, cocotb: bool) -> Task:
    """Simulate ``blocks`` test blocks; ``waves`` leaves a waveform, ``cocotb`` runs the cocotb benches too."""
    failed = layout.build / "sim.failed"
    design = layout.design
    channels = 0 if design.front_end is None else len(design.front_end.contacts_um)
    rate_hz = max(1, channels) * design.recording.sampling_rate_hz
    sample_cycles = max(1, int(1e6 * design.hardware.clock_mhz / rate_hz))
    others = [name for name in written(design) if name.endswith(".v")]

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from sim.stage import SimulationError, simulate
        from spikecae.front_end.front_end import designed_front_end
        from spikecae.spec.operating_points import load_operating_points

        spec, *further = load_operating_points(layout.spec)
        adc = load_dataset_file(layout.data).test.adc
        shutil.rmtree(failed, ignore_errors=True)
        try:
            with stepper("sim", console) as progress:
                found = simulate(
                    spec,
                    layout.rtl,
                    adc,
                    folder,
                    blocks=blocks,
                    waves=waves,
                    cocotb=cocotb,
                    models=layout.build / "verilated",
                    front_end=designed_front_end(design),
                    sample_cycles=sample_cycles,
                    points=further,
                    progress=progress,
                )
        except SimulationError as error:
            shutil.copytree(folder, failed)
            raise StageError(f"{error}\n  all of it: {failed / 'results.json'}") from None
        cycles = found.cycles_per_block
        proven = "".join(f"; {other.verilog} too, {other.blocks} blocks" for other in found.others)
        return (
            f"{found.blocks} blocks, {found.values_compared} values compared, {found.mismatches} mismatches; "
            f"{cycles.mean:.0f} cycles per block, {cycles.predicted} predicted"
            f"{proven}"
        )

    return Task(
        name="sim",
        entry="flow.stages.sim",
        output=layout.sim,
        files=("results.json",),
        run=run,
        inputs={
            "data": layout.data,
            **{name: layout.spec / name for name in layout.of_points("spec.json", "spec.npz")},
            "spike_encoder.v": layout.rtl / "spike_encoder.v",
            "manifest.json": layout.rtl / "manifest.json",
            **{name: layout.rtl / name for name in others},
        },
        settings={
            "blocks": blocks,
            "waves": waves,
            "cocotb": cocotb,
            "front end": detected(design),
            "cycles per sample": sample_cycles,
        },
        tools=("verilator", "numpy"),
    )
