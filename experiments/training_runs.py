"""The autoencoder as an experiment runs it: trained on one recording, measured on another."""

from experiments.experiment import Outcome
from experiments.training import Trained
from model.datasets import SpikeDataset
from model.evaluation import evaluate
from spikecae.design import Design

__all__ = ["measured"]


def measured(design: Design, trained: Trained, dataset: SpikeDataset) -> Outcome:
    """Quality and rate of ``trained`` on the test split of ``dataset``."""
    figures = evaluate(trained.checkpoint.model, trained.checkpoint.normalization, dataset.test, design)
    return Outcome(
        metrics={
            "sndr_mean_db": figures.sndr.mean_db,
            "sndr_global_db": figures.sndr.global_db,
            "entropy_bits": figures.entropy_bits,
            "bits_per_spike": figures.bits_per_spike,
            "cr_entropy": figures.cr_entropy,
            "codewords_used": figures.codewords_used,
        },
        provenance=dataset.provenance,
        epochs=trained.report.epochs,
        seeded=True,
        wall_s=trained.report.train_wall_s,
    )
