"""The quantize stage: a trained checkpoint becomes an encoder spec, checked and measured."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.datasets.spikes import SpikeDataset
from quantize.build import build_spec
from quantize.code import BATCH, Code, code_by_position, encode_latents, fit_code, pooled_code, search_all
from quantize.compare import compare_batches
from quantize.exponents import calibrate, least_error_exponent
from quantize.fake_quant import FakeQuantEncoder
from quantize.fine_tune import fine_tune
from quantize.fold import fold
from quantize.measure import measure_layers, rate_quality
from quantize.normalization import input_table
from quantize.report import GoldenCheck, QuantizationReport, save_report
from quantize.stages.base import SOURCE
from spikecae.design import Design
from spikecae.spec import EncoderSpec, save_spec

__all__ = ["IntegerModel", "calibrated_encoder", "integer_model", "quantize"]

SAMPLED_BLOCKS = 512
"""Blocks, evenly over a split, that exponents are chosen on, and that layers are measured on."""


@dataclass(frozen=True, eq=False)
class IntegerModel:
    """An ``encoder`` in the chip's arithmetic with its ``code``, the ``spec`` that says the same, and a ``checkpoint``
    whose decoder belongs to them: the one quantized, or what fine-tuning made of it."""

    checkpoint: Checkpoint
    encoder: FakeQuantEncoder
    code: Code
    spec: EncoderSpec


def quantize(
    design: Design,
    checkpoint: Path,
    dataset: SpikeDataset,
    out_dir: Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> QuantizationReport:
    """Quantize a checkpoint; write ``spec.json``, ``spec.npz``, ``metrics.json`` and ``checkpoint.safetensors``, whose
    decoder belongs to the spec, into ``out_dir``.

    Exponents and the Huffman code come from the training split; everything reported is of the test split.

    Args:
        design: the chip.
        checkpoint: made by the train stage for this design.
        dataset: the spikes.
        out_dir: made if need be; untouched unless all goes well.
        progress: called with the step's name, how much of it is done, and of how much.

    Raises:
        FileNotFoundError: there is no checkpoint.
        ValueError: the checkpoint is corrupt or of another network, or cannot be quantized.
        MismatchError: the golden and the fake-quantized model disagree.
    """
    loaded = load_checkpoint(checkpoint, design)
    tell = progress or (lambda step, done, total: None)
    total = len(dataset.test)
    model = integer_model(design, loaded, dataset, tell)
    agreements = []
    for agreement in compare_batches(model.spec, model.encoder, dataset.test.adc):
        agreements.append(agreement)
        tell("compare", sum(part.blocks for part in agreements), total)
    indices = np.concatenate([agreement.indices for agreement in agreements])
    float_indices = _float_indices(loaded, dataset.test.adc)
    float_model = rate_quality(
        design,
        loaded,
        loaded.model.quantizer.codebook.detach(),
        dataset.test,
        float_indices,
        pooled_code(_float_indices(loaded, dataset.train.adc), design.codebook.codewords),
    )
    fixed_point = rate_quality(
        design, model.checkpoint, model.encoder.codewords().detach(), dataset.test, indices, model.code
    )
    one_table = pooled_code(model.code.indices, design.codebook.codewords)
    tell("measure layers", total, total)
    layers = measure_layers(model.checkpoint, model.encoder, dataset.test.adc[_evenly(total)])
    report = QuantizationReport(
        design=design.name,
        spec_hash=model.spec.hash,
        data=dataset.source,
        provenance=dataset.provenance,
        unit=dataset.unit,
        test_blocks=total,
        codewords=design.codebook.codewords,
        blocks_per_packet=design.hardware.packet_blocks,
        weight_bits=design.quantization.weight_bits,
        activation_bits=design.quantization.activation_bits,
        latent_bits=design.quantization.latent_bits,
        fine_tune_epochs=design.quantization.fine_tune_epochs,
        code_tables=len(model.code.lengths),
        one_table_huffman_bits_per_index=float(one_table.bits(indices).mean()),
        float_model=float_model,
        fixed_point=fixed_point,
        sndr_loss_db=float_model.sndr_mean_db - fixed_point.sndr_mean_db,
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
    save_spec(model.spec, out_dir)
    save_checkpoint(out_dir / "checkpoint.safetensors", design, model.checkpoint)
    save_report(out_dir / "metrics.json", report)
    return report


def integer_model(
    design: Design,
    checkpoint: Checkpoint,
    dataset: SpikeDataset,
    tell: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> IntegerModel:
    """Calibrate, fine-tune and fit the code, as the design's ``quantization`` says, without the test split.

    Args:
        design: the chip.
        checkpoint: left as it is.
        dataset: training spikes fit, validation spikes choose.
        tell: called with the step's name, how much of it is done, and of how much.

    Raises:
        ValueError: the weights cannot be quantized.
    """
    settings, rate_weight, adc = design.quantization, design.codebook.rate_weight, dataset.train.adc
    tell("calibrate", 0, 1)
    encoder = calibrated_encoder(design, checkpoint, adc)
    epochs = settings.fine_tune_epochs
    if epochs:
        fit_code(encoder, adc, rate_weight)  # its rate bias decides which codewords the decoder sees
        checkpoint = fine_tune(
            design, encoder, checkpoint, dataset, epochs, lambda epoch, _: tell("fine-tune", epoch, epochs)
        )
    tell("fit code", 0, 1)
    code = fit_code(encoder, adc, rate_weight)
    if settings.code_tables == "by_position":
        code = code_by_position(code, search_all(encoder, encode_latents(encoder, dataset.validation.adc)))
    return IntegerModel(checkpoint, encoder, code, build_spec(design, encoder, code))


def calibrated_encoder(
    design: Design,
    checkpoint: Checkpoint,
    adc: NDArray[np.int16],
    choose: Callable[..., int] = least_error_exponent,
) -> FakeQuantEncoder:
    """The checkpoint's encoder, in the design's widths, with exponents for training blocks ``adc`` ``[B, M, D]``.

    It has no rate bias yet.
    """
    folded = fold(checkpoint.model.encoder)
    codebook = checkpoint.model.quantizer.codebook.detach()
    normalized = torch.from_numpy(checkpoint.normalization.apply(adc[_evenly(len(adc))]))
    exponents = calibrate(folded, codebook, normalized, design.hardware, design.quantization, choose)
    table = input_table(checkpoint.normalization, exponents.activation[SOURCE])
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
