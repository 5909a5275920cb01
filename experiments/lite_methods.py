"""The autoencoder, PCA and a linear encoder at one point, each fitted to its training spikes once."""

from functools import cache

from experiments.lite_coders import LOUD, Coder, Point, cae_coder, lite_coder, pca_coder
from experiments.training import shipped, trained
from experiments.training_runs import BATCH, EPOCHS, without_dropout
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS

__all__ = ["CAE", "LITE", "METHODS", "PCA", "coder_at", "epochs_at"]

CAE, PCA, LITE = METHODS = "autoencoder", "PCA, ideal entropy code", "linear"


@cache
def coder_at(point: Point, method: str, seed: int) -> Coder:
    """A coder for the spikes of ``point``: the shipped autoencoder, or one trained for them where none is shipped; PCA
    at its ratio; or its linear encoder."""
    base, dataset = point.base, point.dataset
    if method == LITE:
        return lite_coder(point.design, dataset, seed)
    if method == PCA:
        return pca_coder(base, dataset, base.block.samples * SAMPLE_BITS / point.ratio)
    epochs = epochs_at(point)
    if not epochs:
        return cae_coder(base, shipped(base).checkpoint, dataset)
    design = without_dropout(base, base.block.spikes, seed, BATCH)
    return cae_coder(design, trained(design, dataset, epochs).checkpoint, dataset)


def epochs_at(point: Point) -> int:
    """Epochs that the autoencoder of a point is trained for; 0 of a shipped one."""
    base: Design = point.base
    return EPOCHS[base.block.spikes] if point.data == LOUD else 0
