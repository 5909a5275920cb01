"""Stage ``train``: weights, by training or by taking the shipped ones, and their figures on the data's test split."""

import shutil
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from flow.layout import Layout
from flow.task import Task
from spikecae.design import Design

__all__ = ["ModelMetrics", "plan_shipped", "plan_train"]

TOOLS = ("torch", "numpy", "safetensors")
NETWORK = {"name", "adc", "block", "encoder", "codebook", "normalization"}
"""Parts of the design that shape the network and what it is evaluated on."""


class ModelMetrics(BaseModel):
    """``model/metrics.json``: the float model on the test split of the data at hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    weights: Literal["trained", "shipped"]
    data: str
    provenance: str
    unit: str
    blocks: int
    sndr_mean_db: float
    sndr_global_db: float
    entropy_bits_per_index: float
    bits_per_spike: float
    cr_entropy: float
    codewords: int
    codewords_used: int


def plan_train(layout: Layout, epochs: int | None) -> Task:
    """Train on the data in the build folder, for ``epochs`` in place of the design's."""
    design = layout.design

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from model.training.progress import progress_line
        from model.training.train import train

        dataset = load_dataset_file(layout.data)
        with progress_line(design.name, console) as show:
            report = train(design, dataset, folder, epochs=epochs, progress=show)
        (folder / "metrics.json").replace(folder / "training.json")
        metrics = _evaluate(layout, folder, "trained")
        return (
            f"{_line(metrics)}; {report.epochs} epochs in {report.train_wall_s:.0f} s, epoch {report.best_epoch} kept"
        )

    return Task(
        name="train",
        entry="flow.stages.train",
        output=layout.model,
        files=("checkpoint.safetensors", "metrics.json", "training.json"),
        run=run,
        inputs={"data": layout.data},
        settings=_settings(design, NETWORK | {"training"}) | {"weights": "trained", "epochs": epochs},
        tools=TOOLS,
        resumes=True,
    )


def plan_shipped(layout: Layout) -> Task:
    """Take the weights that come with the design."""
    weights, training = layout.shipped / "model.safetensors", layout.shipped / "training.json"

    def run(folder: Path, console: Console) -> str:
        shutil.copyfile(weights, folder / "checkpoint.safetensors")
        shutil.copyfile(training, folder / "training.json")
        with console.status("evaluating the shipped weights"):
            metrics = _evaluate(layout, folder, "shipped")
        return f"shipped weights, {_line(metrics)}"

    return Task(
        name="train",
        entry="flow.stages.train",
        output=layout.model,
        files=("checkpoint.safetensors", "metrics.json", "training.json"),
        run=run,
        inputs={"data": layout.data, str(weights): weights, str(training): training},
        settings=_settings(layout.design, NETWORK) | {"weights": "shipped"},
        tools=TOOLS,
    )


def _settings(design: Design, sections: set[str]) -> dict[str, object]:
    return {name: part for name, part in design.model_dump(mode="json").items() if name in sections}


def _evaluate(layout: Layout, folder: Path, weights: Literal["trained", "shipped"]) -> ModelMetrics:
    """Run the checkpoint in ``folder`` over the test split, and write ``metrics.json`` beside it."""
    from flow.stages.dataset_file import load_dataset_file
    from model.checkpoint import load_checkpoint
    from model.evaluation import evaluate

    design, dataset = layout.design, load_dataset_file(layout.data)
    checkpoint = load_checkpoint(folder / "checkpoint.safetensors", design)
    figures = evaluate(checkpoint.model, checkpoint.normalization, dataset.test, design)
    metrics = ModelMetrics(
        design=design.name,
        weights=weights,
        data=dataset.source,
        provenance=dataset.provenance,
        unit=dataset.unit,
        blocks=len(dataset.test),
        sndr_mean_db=figures.sndr.mean_db,
        sndr_global_db=figures.sndr.global_db,
        entropy_bits_per_index=figures.entropy_bits,
        bits_per_spike=figures.bits_per_spike,
        cr_entropy=figures.cr_entropy,
        codewords=design.codebook.codewords,
        codewords_used=figures.codewords_used,
    )
    (folder / "metrics.json").write_text(metrics.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return metrics


def _line(metrics: ModelMetrics) -> str:
    return (
        f"float: SNDR {metrics.sndr_mean_db:.2f} dB at CR {metrics.cr_entropy:.1f}, "
        f"{metrics.codewords_used} of {metrics.codewords} codewords used"
    )
