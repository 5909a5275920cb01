"""``python -m benchmarks.fitting``: how long a linear encoder takes to fit to a recording of so many spikes.

Half of the recording trains and validates. Beside the time on the clock stands that of the processor, on all cores
together: what else the machine does adds to the first alone.
"""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from model.datasets import SpikeDataset, Split, load_dataset
from model.datasets.spikes import VALIDATION_FRACTION
from model.device import thread_count
from model.linear.fit import fit_linear
from sim.regress.processor import processor
from spikecae.design import Design, load_design
from spikecae.files import write_text

__all__ = ["first_spikes", "measure"]

DESIGNS = tuple(Path(f"designs/{name}.toml") for name in ("lite", "lite_tetrode", "lite_probe"))
SPIKES = 5000
"""Of a recording; of a neighbourhood, events."""


def first_spikes(design: Design, dataset: SpikeDataset, spikes: int) -> SpikeDataset:
    """What trains and validates of a recording that ends after so many spikes.

    Raises:
        ValueError: it has not so many.
    """
    blocks = spikes // 2 // (1 if design.block.kind == "neighbourhood" else design.block.spikes)
    if blocks > len(dataset.train):
        raise ValueError(
            f"{dataset.source}: {len(dataset.train)} blocks to train are fewer than the {blocks} of {spikes} spikes; "
            f"ask for fewer spikes"
        )
    train = blocks - round(blocks * VALIDATION_FRACTION)
    return replace(
        dataset,
        train=_part(dataset.train, slice(0, train)),
        validation=_part(dataset.train, slice(train, blocks)),
    )


def _part(split: Split, blocks: slice) -> Split:
    return Split(split.adc[blocks], split.spikes[blocks], split.times_s[blocks], split.channels[blocks])


def measure(design: Design, dataset: SpikeDataset, spikes: int) -> dict[str, float | int | str]:
    """Seconds of one fit to the first ``spikes`` of a recording."""
    few = first_spikes(design, dataset, spikes)
    began, worked = time.perf_counter(), time.process_time()
    fit_linear(design, few, design.training.seed)
    return {
        "design": design.name,
        "data": dataset.source,
        "spikes": spikes,
        "train_blocks": len(few.train),
        "wall_s": round(time.perf_counter() - began, 1),
        "processor_s": round(time.process_time() - worked, 1),
    }


def main(
    designs: Annotated[list[Path] | None, typer.Argument(help="design files; those with a linear encoder")] = None,
    spikes: Annotated[int, typer.Option(min=100, help="of the embedded recordings")] = SPIKES,
    file: Annotated[Path, typer.Option("--json", help="where the result goes")] = Path("build/benchmarks/fitting.json"),
) -> None:
    """Print the measurements as JSON, and keep them."""
    torch.set_num_threads(thread_count())
    rows = []
    for design in map(load_design, designs or DESIGNS):
        rows.append(measure(design, load_dataset(design), spikes))
        typer.echo(json.dumps(rows[-1]))
    found = {"schema_version": 1, "processor": processor(), "threads": torch.get_num_threads(), "fits": rows}
    write_text(file, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
