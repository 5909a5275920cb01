"""Stage ``data``: the spikes of a file, or of the embedded recording, detected, converted and split, once."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task

__all__ = ["plan_data"]

SECTIONS = {"adc", "block", "recording", "synthetic"}
"""Parts of the design that shape the spikes."""


def plan_data(layout: Layout, source: Path | None) -> Task:
    """The spikes of ``source``; of the embedded recording if there is none.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if source is not None and not source.exists():
        raise FileNotFoundError(f"no recording at {source}; check the path given as DATA")
    design = layout.design

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import save_dataset_file
        from model.datasets import load_dataset

        with console.status("finding spikes"):
            summary = save_dataset_file(load_dataset(design, source), folder)
        return (
            f"{summary.source}: {summary.train_blocks} blocks of {summary.spikes_per_block} spikes to train, "
            f"{summary.validation_blocks} to validate, {summary.test_blocks} to test ({summary.provenance}); "
            f"{summary.clipped_samples} of {summary.total_samples} samples clipped"
        )

    return Task(
        name="data",
        entry="flow.stages.data",
        output=layout.data,
        files=("data.json", "spikes.npz"),
        run=run,
        inputs={} if source is None else {str(source): source},
        settings={name: part for name, part in design.model_dump(mode="json").items() if name in SECTIONS},
        tools=("numpy", "scipy", "spikeinterface"),
    )
