"""Stage ``train``: weights, by training or by taking the shipped ones, and their figures on the data's test split."""

import shutil
from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task
from model.model_metrics import ModelMetrics, Weights, save_metrics
from spikecae.design import Design

__all__ = ["plan_shipped", "plan_train"]

TOOLS = ("torch", "numpy", "safetensors", "scikit-learn")
NETWORK = {"name", "adc", "block", "encoder", "codebook", "normalization"}
"""Parts of the design that shape the encoder and what it is evaluated on."""


def plan_train(layout: Layout, epochs: int | None, *, from_shipped: bool = False) -> Task:
    """Train on the data in the build folder, for ``epochs`` in place of the design's, from nothing or from the weights
    that come with the design.

    Raises:
        ValueError: ``epochs`` or a beginning are given for an encoder that has no epochs, or no weights come with the
            design.
    """
    design = layout.design
    if epochs is not None and not design.encoder.learns_in_epochs:
        raise ValueError(f"EPOCHS={epochs}: an encoder of kind {design.encoder.kind!r} has no epochs; leave it out")

    if from_shipped and not design.encoder.learns_in_epochs:
        raise ValueError(
            f"FROM_SHIPPED=1: an encoder of kind {design.encoder.kind!r} is fitted anew, which takes minutes and is no "
            f"worse; leave it out"
        )
    if from_shipped and not layout.ships_weights:
        raise ValueError(
            f"FROM_SHIPPED=1: no weights come with design {design.name!r} ({layout.shipped}); leave it out, or put a "
            f"model.safetensors there"
        )
    start = layout.shipped / "model.safetensors" if from_shipped else None

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from model.families import FAMILIES

        how = FAMILIES.of(design).train(design, load_dataset_file(layout.data), folder, epochs, console, start)
        return f"{_evaluate(layout, folder, 'trained')}; {how}"

    return Task(
        name="train",
        entry="flow.stages.train",
        output=layout.model,
        files=("metrics.json", "training.json", *layout.of_points("checkpoint.safetensors")),
        run=run,
        inputs={"data": layout.data} | ({} if start is None else {str(start): start}),
        settings=_settings(design, NETWORK | {"training"}) | {"weights": "trained", "epochs": epochs},
        tools=TOOLS,
        resumes=True,
    )


def plan_shipped(layout: Layout) -> Task:
    """Take the weights that come with the design."""
    weights = [layout.shipped / name for name in layout.of_points("model.safetensors")]
    checkpoints, training = layout.of_points("checkpoint.safetensors"), layout.shipped / "training.json"

    def run(folder: Path, console: Console) -> str:
        for shipped, name in zip(weights, checkpoints, strict=True):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(shipped, folder / name)
        shutil.copyfile(training, folder / "training.json")
        with console.status("evaluating the shipped weights"):
            metrics = _evaluate(layout, folder, "shipped")
        return f"shipped weights, {metrics}"

    return Task(
        name="train",
        entry="flow.stages.train",
        output=layout.model,
        files=("metrics.json", "training.json", *checkpoints),
        run=run,
        inputs={"data": layout.data} | {str(path): path for path in (*weights, training)},
        settings=_settings(layout.design, NETWORK) | {"weights": "shipped"},
        tools=TOOLS,
    )


def _settings(design: Design, sections: set[str]) -> dict[str, object]:
    return {name: part for name, part in design.model_dump(mode="json").items() if name in sections}


def _evaluate(layout: Layout, folder: Path, weights: Weights) -> ModelMetrics:
    """Run the checkpoint in ``folder`` over the test split, and write ``metrics.json`` beside it."""
    from flow.stages.dataset_file import load_dataset_file
    from model.families import FAMILIES

    checkpoint, dataset = folder / "checkpoint.safetensors", load_dataset_file(layout.data)
    metrics = FAMILIES.of(layout.design).measure(layout.design, checkpoint, dataset, weights)
    save_metrics(folder / "metrics.json", metrics)
    return metrics
