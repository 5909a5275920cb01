"""Ways to choose activation exponents, compared on validation spikes: the measurement behind ``least_error_exponent``.

``python -m quantize.choices DESIGN [DATA]`` quantizes the shipped weights of a design in each way.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.checkpoint import Checkpoint, load_checkpoint
from model.datasets import SpikeDataset, load_dataset
from model.evaluation import evaluate
from quantize.code import encode_latents, fit_code
from quantize.exponents import fitting_exponent, least_error_exponent
from quantize.measure import rate_quality
from quantize.stage import calibrated_encoder
from spikecae.design import Design, load_design

__all__ = ["compare_choices", "percentile_exponent"]


def percentile_exponent(percentile: float) -> Callable[..., int]:
    """The finest exponent at which that many percent of the magnitudes do not saturate."""

    def choose(*tensors: Tensor, signed: bool, bits: int) -> int:
        peaks = [float(np.percentile(values.abs().numpy(), percentile)) for values in tensors]
        return fitting_exponent(max(peaks), bits - signed)

    return choose


def compare_choices(design: Design, checkpoint: Checkpoint, dataset: SpikeDataset) -> dict[str, tuple[float, float]]:
    """SNDR (mean of dB) and bits per index (entropy) on the validation split, by the way that exponents are chosen."""
    ways = {"least error": least_error_exponent}
    ways |= {f"{percent} %": percentile_exponent(percent) for percent in (99, 99.9, 99.99, 100)}
    exact = evaluate(checkpoint.model, checkpoint.normalization, dataset.validation, design)
    results = {"float": (exact.sndr.mean_db, exact.entropy_bits)}
    for name, choose in ways.items():
        encoder = calibrated_encoder(design, checkpoint, dataset.train.adc, choose)
        code = fit_code(encoder, dataset.train.adc, design.codebook.rate_weight)
        with torch.no_grad():
            indices = encoder.search(encode_latents(encoder, dataset.validation.adc)).numpy()
            quality = rate_quality(design, checkpoint, encoder.codewords(), dataset.validation, indices, code)
        results[name] = (quality.sndr_mean_db, quality.entropy_bits_per_index)
    return results


def main(name: str, source: str | None = None) -> None:
    """Print the comparison as a row per way."""
    folder = Path(__file__).parents[1] / "designs"
    design = load_design(folder / f"{name}.toml")
    checkpoint = load_checkpoint(folder / name / "model.safetensors", design)
    dataset = load_dataset(design, Path(source) if source else None)
    print(f"{name}, {len(dataset.validation)} validation blocks")
    for way, (decibels, bits) in compare_choices(design, checkpoint, dataset).items():
        print(f"{way:12s} {decibels:7.3f} dB {bits:6.3f} bits per index")


if __name__ == "__main__":
    main(*sys.argv[1:])
