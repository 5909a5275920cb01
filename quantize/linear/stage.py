"""The quantize stage of a linear encoder: a fitted model becomes an encoder spec, checked and measured, as does each
further operating point."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import SpikeDataset, Split
from model.evaluation import decode_units
from model.linear.checkpoint import load_linear, save_linear
from model.linear.evaluation import code_of
from model.linear.level_code import LevelCode, level_rows
from model.linear.linear_model import LinearModel
from quantize.linear.compare import check
from quantize.linear.integers import columns_sent, integer_linear, latents_sent
from quantize.linear.linear_report import FurtherPoint, LevelQuality, LinearReport
from quantize.linear.measure import escaped_share
from quantize.measure import split_events
from quantize.report import GoldenCheck, save_report
from spikecae.bitstream.huffman import code_words
from spikecae.bitstream.payload import Events, wire_bits
from spikecae.design import Design
from spikecae.design.linear import Linear
from spikecae.design.point_folder import point_folder
from spikecae.evaluation.quality import SAMPLE_BITS, sndr
from spikecae.spec import EncoderSpec, save_spec
from spikecae.spec.operating_points import check_operating_points
from spikecae.stages import Levels

__all__ = ["quantize_linear"]


def quantize_linear(
    design: Design,
    checkpoint: Path,
    dataset: SpikeDataset,
    folder: Path,
    progress: Callable[[str, int, int], None],
) -> LinearReport:
    """Quantize a fitted encoder; arguments, files and errors as :class:`quantize.families.QuantizedFamily` says."""
    made: list[_Made] = []
    designs = design.points
    for number, point in enumerate(designs):
        progress("integers, compare and measure", number, len(designs))
        path = point_folder(checkpoint.parent, number) / checkpoint.name
        made.append(_make(point, load_linear(path, point), dataset, made[0].spec if made else None))
    check_operating_points([point.spec for point in made])
    first, *further = made
    spec, quantizer, test = first.spec, first.spec.only(Levels), dataset.test
    report = LinearReport(
        design=design.name,
        spec_hash=spec.hash,
        data=dataset.source,
        provenance=dataset.provenance,
        unit=dataset.unit,
        test_blocks=len(test),
        codewords=design.codebook.codewords,
        blocks_per_packet=design.hardware.packet_blocks,
        weight_bits=design.quantization.weight_bits,
        latents=quantizer.latents,
        latent_bits=quantizer.bits,
        groups=len(quantizer.groups),
        code_tables=len(spec.coder.tables),
        symbols=sum(table.size for table in spec.coder.tables),
        float_model=first.float_model,
        fixed_point=first.fixed_point,
        sndr_loss_db=first.float_model.sndr_mean_db - first.fixed_point.sndr_mean_db,
        level_agreement=first.level_agreement,
        golden_check=first.golden_check,
        further_points=tuple(
            FurtherPoint(
                spec_hash=encoder.spec.hash,
                bits_per_spike_wanted=Linear.of(of.encoder).bits_per_spike,
                symbols=sum(table.size for table in encoder.spec.coder.tables),
                float_model=encoder.float_model,
                fixed_point=encoder.fixed_point,
                golden_check=encoder.golden_check,
            )
            for of, encoder in zip(designs[1:], further, strict=True)
        ),
    )
    for number, (of, encoder) in enumerate(zip(designs, made, strict=True)):
        save_spec(encoder.spec, point_folder(folder, number))
        save_linear(point_folder(folder, number) / "checkpoint.safetensors", of, encoder.model)
    save_report(folder / "metrics.json", report)
    return report


@dataclass(frozen=True, eq=False)
class _Made:
    """An operating point in integers: its ``spec``, the ``model`` whose decoder belongs to it, and its figures."""

    spec: EncoderSpec
    model: LinearModel
    float_model: LevelQuality
    fixed_point: LevelQuality
    level_agreement: float
    golden_check: GoldenCheck


def _make(design: Design, loaded: LinearModel, dataset: SpikeDataset, first: EncoderSpec | None) -> _Made:
    """A point of a design in integers, compared with the model in floats, and measured on the test split.

    Args:
        design: the chip at this point.
        loaded: fitted to it.
        dataset: the spikes.
        first: the spec of point 0, None to make it.
    """
    test = dataset.test
    spec, model = integer_linear(design, loaded, dataset, first)
    agreement = check(spec, model, test.adc)
    code = code_of(loaded, dataset)
    chosen, levels = loaded.quantize(loaded.latents(loaded.normalization.apply(test.adc)))
    outputs = loaded.decode(loaded.dequantize(chosen, levels))
    float_bits, float_escapes = _float_bits(code, chosen, levels)
    float_model = _quality(design, loaded, test, outputs, float_bits, chosen, float_escapes)
    outputs = model.decode(latents_sent(spec, agreement.indices))
    bits = code_words(agreement.indices, spec.coder.tables, spec.symbols)[1].sum(axis=1)
    classes, sent = columns_sent(spec, agreement.indices)
    fixed_point = _quality(design, model, test, outputs, bits, classes, escaped_share(spec, agreement.indices))
    return _Made(
        spec=spec,
        model=model,
        float_model=float_model,
        fixed_point=fixed_point,
        level_agreement=float((levels == sent).mean()),
        golden_check=GoldenCheck(blocks=agreement.blocks, taps=agreement.taps, values=agreement.values, mismatches=0),
    )


def _quality(
    design: Design,
    model: LinearModel,
    split: Split,
    outputs: NDArray[np.float32],
    bits: NDArray[np.int64],
    classes: NDArray[np.integer] | None,
    escaped: float,
) -> LevelQuality:
    """Of decoded blocks ``[n, M, D]`` that took ``bits`` ``[n]`` and chose ``classes`` ``[n, columns]``."""
    decoded = decode_units(outputs, model.normalization, design)
    quality, spikes = sndr(split.spikes, decoded), design.block.spikes
    uncoded = len(split) * spikes * design.block.samples * SAMPLE_BITS
    events = split_events(design, split)

    def wire(events: Events | None) -> float:
        return uncoded / wire_bits(bits, blocks_per_packet=design.hardware.packet_blocks, spikes=spikes, events=events)

    return LevelQuality(
        sndr_mean_db=quality.mean_db,
        sndr_global_db=quality.global_db,
        sndr_worst_db=quality.worst_db,
        bits_per_spike=float(bits.mean()) / spikes,
        bits_per_spike_p99=float(np.percentile(bits, 99)) / spikes,
        cr_huffman=uncoded / int(bits.sum()),
        cr_wire=wire(None),
        cr_wire_events=wire(events) if events else None,
        classes_used=1 if classes is None else len(np.unique(classes)),
        escaped=escaped,
    )


def _float_bits(
    code: LevelCode, chosen: NDArray[np.integer] | None, levels: NDArray[np.integer]
) -> tuple[NDArray[np.int64], float]:
    """Bits ``[n]`` of blocks with levels ``[n, L, columns]``, and the share of groups that lie outside."""
    rows = level_rows(levels)
    bits = code.bits(None if chosen is None else chosen.ravel(), rows)
    ends = code.starts[1:]
    outside = [
        part.box.index(rows[:, end - part.box.low.size : end]) == part.box.symbols - 1
        for part, end in zip(code.groups, ends, strict=True)
    ]
    return bits.reshape(len(levels), -1).sum(axis=1), float(np.mean(outside))
