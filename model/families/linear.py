"""Linear encoders."""

import time
from importlib.metadata import version
from pathlib import Path

import torch
from rich.console import Console

from model.datasets.spikes import SpikeDataset
from model.datasets.synthetic import command_to_train
from model.device import thread_count
from model.families.base import FAMILIES, Family, OffChip
from model.linear.checkpoint import linear_hash, load_linear, save_linear
from model.linear.evaluation import code_of, linear_figures
from model.linear.fit import fit_linear
from model.linear.fitting_report import FittingReport, PointFigures, load_fitting_report, save_fitting_report
from model.linear.points import fit_points
from model.model_metrics import LinearMetrics, Weights
from spikecae.design import Design, Linear
from spikecae.design.point_folder import point_folder

__all__: list[str] = []

LIBRARIES = ("numpy", "scipy", "scikit-learn")


class _Linear(Family):
    metrics = LinearMetrics

    def train(
        self,
        design: Design,
        dataset: SpikeDataset,
        folder: Path,
        epochs: int | None,
        console: Console,
        start: Path | None = None,
    ) -> str:
        started = time.monotonic()
        torch.set_num_threads(thread_count())
        figures = []
        with console.status("fitting") as status:
            model = fit_linear(
                design,
                dataset,
                design.training.seed,
                lambda step, done, total: status.update(f"fitting: {step}, {done} of {total}"),
            )
            status.update("fitting: further operating points")
            for number, (point, fitted) in enumerate(
                zip(design.points, fit_points(design, model, dataset), strict=True)
            ):
                checkpoint = point_folder(folder, number) / "checkpoint.safetensors"
                save_linear(checkpoint, point, fitted)
                stored = load_linear(checkpoint, point)  # the report is of what is stored
                code = code_of(stored, dataset)
                figures.append(
                    [linear_figures(point, stored, code, part) for part in (dataset.validation, dataset.test)]
                )
        (validation, test), *further = figures
        report = FittingReport(
            design=design.name,
            design_sha256=linear_hash(design),
            data=dataset.source,
            data_sha256=dataset.training_sha256,
            provenance=dataset.provenance,
            unit=dataset.unit,
            clipped_samples=dataset.clipped_samples,
            total_samples=dataset.total_samples,
            seed=design.training.seed,
            train_blocks=len(dataset.train),
            classes=design.codebook.codewords,
            validation=validation,
            test=test,
            further_points=tuple(PointFigures(validation=held_out, test=tested) for held_out, tested in further),
            train_wall_s=round(time.monotonic() - started, 1),
            threads=torch.get_num_threads(),
            versions={name: version(name) for name in LIBRARIES},
            repeat_with=command_to_train(design, dataset.source),
        )
        save_fitting_report(folder / "training.json", report)
        return f"fitted in {report.train_wall_s:.0f} s"

    def measure(self, design: Design, checkpoint: Path, dataset: SpikeDataset, weights: Weights) -> LinearMetrics:
        model = load_linear(checkpoint, design)
        figures = linear_figures(design, model, code_of(model, dataset), dataset.test)
        return LinearMetrics(
            design=design.name,
            weights=weights,
            data=dataset.source,
            provenance=dataset.provenance,
            unit=dataset.unit,
            **figures.model_dump(),
        )

    def load_training(self, path: Path) -> FittingReport:
        return load_fitting_report(path)

    def off_chip(self, design: Design, checkpoint: Path) -> OffChip:
        model = load_linear(checkpoint, design)
        return OffChip(model.decoder, model.normalization)


FAMILIES.register(Linear, _Linear())
