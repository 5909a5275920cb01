"""The quantize stage: a trained checkpoint becomes an encoder spec, checked and measured."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.checkpoint import Checkpoint, load_checkpoint
from model.datasets.spikes import SpikeDataset
from quantize.build import build_spec
from quantize.code import BATCH, fit_code
from quantize.compare import compare
from quantize.exponents import calibrate, least_error_exponent
from quantize.fake_quant import FakeQuantEncoder
from quantize.fold import fold
from quantize.measure import measure_layers, rate_quality
from quantize.normalization import input_table
from quantize.report import GoldenCheck, QuantizationReport, save_report
from spikecae.design import Design
from spikecae.huffman import code_lengths
from spikecae.spec import save_spec

__all__ = ["calibrated_encoder", "quantize"]

SAMPLED_BLOCKS = 512
"""Blocks, evenly over a split, that exponents are chosen on, and that layers are measured on."""


def quantize(
    design: Design,
    checkpoint: Path,
    dataset: SpikeDataset,
    out_dir: Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> QuantizationReport:
    """Quantize a checkpoint; write ``spec.json``, ``spec.npz`` and ``metrics.json`` into ``out_dir``.

    Exponents and the Huffman code come from the training split; everything reported is of the test split.

    Args:
        design: the chip.
        checkpoint: made by the train stage for this design.
        dataset: the spikes.
        out_dir: made if need be; untouched unless all goes well.
        progress: called with the step's name, test blocks done and test blocks in all.

    Raises:
        FileNotFoundError: there is no checkpoint.
        ValueError: the checkpoint is corrupt or of another network, or cannot be quantized.
        MismatchError: the golden and the fake-quantized model disagree.
    """
    loaded = load_checkpoint(checkpoint, design)
    tell = progress or (lambda step, done, total: None)
    total = len(dataset.test)
    tell("calibrate", 0, total)
    encoder = calibrated_encoder(design, loaded, dataset.train.adc)
    tell("fit code", 0, total)
    code = fit_code(encoder, dataset.train.adc, design.codebook.rate_weight)
    spec = build_spec(design, encoder, code.lengths)
    agreements = []
    for start in range(0, total, BATCH):
        agreements.append(compare(spec, encoder, dataset.test.adc[start : start + BATCH], first=start))
        tell("compare", min(start + BATCH, total), total)
    indices = np.concatenate([agreement.indices for agreement in agreements])
    float_training = _float_indices(loaded, dataset.train.adc)
    float_indices = _float_indices(loaded, dataset.test.adc)
    counts = np.bincount(float_training.ravel(), minlength=design.codebook.codewords)
    float_model = rate_quality(
        design,
        loaded,
        loaded.model.quantizer.codebook.detach(),
        dataset.test,
        float_indices,
        float_training,
        code_lengths(counts),
    )
    eight_bit = rate_quality(
        design, loaded, encoder.codewords().detach(), dataset.test, indices, code.indices, code.lengths
    )
    tell("measure layers", total, total)
    layers = measure_layers(loaded, encoder, dataset.test.adc[_evenly(total)])
    report = QuantizationReport(
        design=design.name,
        spec_hash=spec.hash,
        data=dataset.source,
        provenance=dataset.provenance,
        unit=dataset.unit,
        test_blocks=total,
        codewords=design.codebook.codewords,
        blocks_per_packet=design.hardware.packet_blocks,
        float_model=float_model,
        eight_bit=eight_bit,
        sndr_loss_db=float_model.sndr_mean_db - eight_bit.sndr_mean_db,
        index_agreement=float((indices == float_indices).mean()),
        layers=layers,
        costliest_layer=min(layers, key=lambda layer: layer.sqnr_db).name,
        golden_check=GoldenCheck(
            blocks=sum(agreement.blocks for agreement in agreements),
            taps=agreements[0].taps,
            values=sum(agreement.values for agreement in agreements),
            mismatches=0,
        ),
    )
    save_spec(spec, out_dir)
    save_report(out_dir / "metrics.json", report)
    return report


def calibrated_encoder(
    design: Design,
    checkpoint: Checkpoint,
    adc: NDArray[np.int16],
    choose: Callable[..., int] = least_error_exponent,
) -> FakeQuantEncoder:
    """The checkpoint's encoder with exponents for training blocks ``adc`` ``[B, M, D]``; no rate bias yet."""
    folded = fold(checkpoint.model.encoder)
    codebook = checkpoint.model.quantizer.codebook.detach()
    normalized = torch.from_numpy(checkpoint.normalization.apply(adc[_evenly(len(adc))]))
    exponents = calibrate(folded, codebook, normalized, design.hardware, choose)
    table = input_table(checkpoint.normalization, exponents.activation["normalize"])
    return FakeQuantEncoder(folded, table, exponents, codebook, torch.zeros(len(codebook), dtype=torch.int64))


def _evenly(blocks: int) -> NDArray[np.intp]:
    return np.linspace(0, blocks - 1, min(blocks, SAMPLED_BLOCKS)).astype(np.intp)


@torch.no_grad()
def _float_indices(checkpoint: Checkpoint, adc: NDArray[np.int16]) -> NDArray[np.int64]:
    model, parts = checkpoint.model, []
    for start in range(0, len(adc), BATCH):
        normalized = torch.from_numpy(checkpoint.normalization.apply(adc[start : start + BATCH]))
        parts.append(model.quantizer.search(model.encoder(normalized)).numpy())
    return np.concatenate(parts)
