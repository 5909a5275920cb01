"""``python -m benchmarks.folds``: a design simulated at several folds, against the golden model, as a table."""

import os
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model.datasets import load_dataset
from rtl.emit import emit
from rtl.planning import make_plan
from sim.batch import BatchSimulator
from sim.emitted import load_writes
from sim.reads import reads_per_block
from sim.stage import count_left_over, measure_latency, run_blocks, steady_state
from sim.verilate import build_library
from spikecae.design import load_design
from spikecae.spec import load_spec
from synth.targets.find import macro_kit

__all__ = ["main"]

HEADINGS = (
    "fold",
    "multipliers",
    "search",
    "values",
    "mismatches",
    "cycles a block",
    "predicted",
    "to groups·D·fold",
    "utilisation",
    "latency",
    "reads of a word",
    "activations, bytes",
    "input, bytes",
)


COUNTED_BLOCKS = 4
"""Blocks over which reads of the parameter memories are counted."""


def main(
    design: Annotated[str, typer.Option(help="A design with a shipped spec.")] = "neuropixels",
    data: Annotated[Path | None, typer.Option(help="Recording; the embedded one by default.")] = None,
    blocks: Annotated[int, typer.Option(min=8, help="Blocks of the test split to run.")] = 12,
    folds: Annotated[str, typer.Option(help="Folds, separated by commas.")] = "1,2,4,8,16",
    build: Annotated[Path, typer.Option(help="Folder for Verilog and models.")] = Path("build/benchmarks/folds"),
) -> None:
    """Emit, compile and run each fold.

    Exits with 1 if a value differs, or a word of weights, biases or codebook is not read exactly once a block.
    """
    file = Path("designs") / f"{design}.toml"
    chip, spec = load_design(file), load_spec(file.with_suffix(""))
    adc = load_dataset(chip, data).test.adc[:blocks]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    wrong = 0
    for fold in (int(part) for part in folds.split(",")):
        hardware = chip.hardware.model_copy(update={"fold": fold})
        plan = make_plan(spec, hardware, block=chip.block.kind)
        folder = build / f"{design}-{fold}"
        manifest = emit(spec, hardware, folder, kit=macro_kit(hardware.memories), block=chip.block.kind)
        library = build_library(folder / manifest.verilog, manifest, build / "models")
        with BatchSimulator(library, manifest, load=load_writes(folder, manifest)) as simulator:
            latency = measure_latency(simulator, adc[0])
            parts = list(run_blocks(simulator, spec, adc))
            cycles = steady_state(simulator.frame_end_cycles, manifest.cycles_per_block)
            mismatches = sum(part.total for part in parts) + count_left_over(simulator)
            reads = reads_per_block(simulator, adc[:COUNTED_BLOCKS])
        found = {count for name in plan.read_once for count in reads[name].tolist()}
        wrong += mismatches + sum(count != 1 for count in found)
        ideal = plan.groups * spec.samples * fold
        table.add_row(
            str(fold),
            str(plan.multipliers),
            str(plan.quantizer.multipliers),
            str(sum(part.values for part in parts)),
            str(mismatches),
            f"{cycles.mean:.1f}",
            str(cycles.predicted),
            f"{100 * (cycles.mean / ideal - 1):+.2f} %",
            f"{plan.macs_per_block / plan.multipliers / cycles.mean:.1%}",
            str(latency),
            ", ".join(f"{count:g}" for count in sorted(found)),
            str(-(-sum(plan.storage().values()) // 8)),
            str(plan.input_bits // 8),
        )
        words = ", ".join(f"{name} {counts.size} × {_range(counts)}" for name, counts in reads.items())
        print(f"fold {fold}: words × reads of each in a block: {words}", flush=True)
    Console(width=160, highlight=False).print(table)
    raise typer.Exit(int(wrong > 0))


def _range(counts: NDArray[np.float64]) -> str:
    least, most = counts.min(), counts.max()
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    typer.run(main)
