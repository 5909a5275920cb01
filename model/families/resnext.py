"""The paper's network."""

from pathlib import Path

from rich.console import Console

from model.checkpoint import load_checkpoint
from model.datasets.spikes import SpikeDataset
from model.evaluation import evaluate
from model.families.base import FAMILIES, Family, OffChip
from model.model_metrics import NetworkMetrics, Weights
from model.training.progress import progress_line
from model.training.train import train
from model.training.training_report import TrainingReport, load_report
from spikecae.design import Design, ResNeXt

__all__: list[str] = []


class _Network(Family):
    metrics = NetworkMetrics

    def train(
        self,
        design: Design,
        dataset: SpikeDataset,
        folder: Path,
        epochs: int | None,
        console: Console,
        start: Path | None = None,
    ) -> str:
        with progress_line(design.name, console) as show:
            report = train(design, dataset, folder, epochs=epochs, progress=show, start=start)
        (folder / "metrics.json").replace(folder / "training.json")
        return f"{report.epochs} epochs in {report.train_wall_s:.0f} s, epoch {report.best_epoch} kept"

    def measure(self, design: Design, checkpoint: Path, dataset: SpikeDataset, weights: Weights) -> NetworkMetrics:
        loaded = load_checkpoint(checkpoint, design)
        figures = evaluate(loaded.model, loaded.normalization, dataset.test, design)
        return NetworkMetrics(
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

    def load_training(self, path: Path) -> TrainingReport:
        return load_report(path)

    def off_chip(self, design: Design, checkpoint: Path) -> OffChip:
        loaded = load_checkpoint(checkpoint, design)
        return OffChip(loaded.model.decoder, loaded.normalization)


FAMILIES.register(ResNeXt, _Network())
