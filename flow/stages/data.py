"""Stage ``data``: the spikes of a file, or of the embedded recording, detected, converted and split, once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flow.layout import Layout
from flow.task import Task
from model.recording_files import files_read
from spikecae.opening.description import describe
from spikecae.opening.provenance import in_words

__all__ = ["SECTIONS", "UNSAID", "Opening", "count_test_blocks", "plan_data"]

SECTIONS = {"adc", "block", "recording", "synthetic", "filter"}
"""Parts of the design that shape the spikes; the filter is the front end's, where it has one."""


@dataclass(frozen=True)
class Opening:
    """What the command line says about a recording, as far as the recording does not."""

    raw: Path | None = None
    """A description, TOML or JSON; the one beside the recording if there is none."""
    stream: str | None = None
    provenance: str | None = None


UNSAID = Opening()
"""The command line says nothing."""


def plan_data(layout: Layout, source: Path | None, opening: Opening = UNSAID) -> Task:
    """The spikes of ``source``; of the embedded recording if there is none.

    Raises:
        FileNotFoundError: there is no such file, or no such description.
        ValueError: it is described wrongly, or described though it is embedded.
    """
    if source is not None and not source.exists():
        raise FileNotFoundError(f"no recording at {source}; check the path given as DATA")
    if source is None and opening != UNSAID:
        raise ValueError("RAW, STREAM and PROVENANCE are about the recording given as DATA, and none is; give it too")
    design, description = layout.design, describe(source, opening.raw, opening.stream, opening.provenance)
    front_end = design.front_end

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import save_dataset_file
        from model.datasets import load_dataset

        with console.status("finding spikes"):
            summary = save_dataset_file(load_dataset(design, source, description=description), folder)
        for note in [*summary.quality.notes, summary.quality.summary]:
            if note:
                console.print(f"{'':<9} [yellow]{escape(note)}[/]", highlight=False, soft_wrap=True)
        return (
            f"{summary.source}: {summary.train_blocks} blocks of {summary.spikes_per_block} spikes to train, "
            f"{summary.validation_blocks} to validate, {summary.test_blocks} to test ({in_words(summary.provenance)}); "
            f"{summary.clipped_samples} of {summary.total_samples} samples clipped"
        )

    inputs: dict[str, Path | Sequence[Path]] = {} if source is None else {str(source): files_read(source)}
    if description.probe is not None:
        inputs[str(description.probe)] = description.probe
    return Task(
        name="data",
        entry="flow.stages.data",
        output=layout.data,
        files=("data.json", "spikes.npz"),
        run=run,
        inputs=inputs,
        settings={name: part for name, part in design.model_dump(mode="json").items() if name in SECTIONS}
        | ({"filter": [*front_end.filtered, front_end.filter_order]} if front_end and front_end.filtered else {})
        | {"description": description.model_dump_json(exclude_defaults=True)},
        tools=("numpy", "scipy", "spikeinterface", "neo"),
    )


def count_test_blocks(layout: Layout) -> int:
    """Test blocks that the build folder holds."""
    return int(json.loads((layout.data / "data.json").read_bytes())["test_blocks"])
