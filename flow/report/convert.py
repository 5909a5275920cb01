"""From what stages keep to what the report says, by the kind of record."""

from dataclasses import dataclass
from functools import singledispatch

from pydantic import BaseModel

from flow.report.schema import Coder, Fitting, Layer, LevelCoder, Training
from model.linear.fitting_report import FittingReport
from model.training.training_report import TrainingReport
from quantize.linear.linear_report import LinearReport
from quantize.report import GoldenCheck, QuantizationReport, RateQuality, SpecReport
from spikecae.design import Design

__all__ = ["Quantized", "quantized_of", "training_of"]


@singledispatch
def training_of(report: BaseModel) -> Training | Fitting:
    """How weights were made.

    Raises:
        TypeError: nothing here knows this kind of record.
    """
    raise TypeError(f"the report does not know a {type(report).__name__}")


@training_of.register
def _(report: TrainingReport) -> Training:
    return Training(
        data=report.data,
        provenance=report.provenance,
        recipe=report.recipe,
        epochs=report.epochs,
        best_epoch=report.best_epoch,
        wall_s=report.train_wall_s,
        threads=report.threads,
        sndr_mean_db=report.test.sndr_mean_db,
        cr_entropy=report.test.cr_entropy,
    )


@training_of.register
def _(report: FittingReport) -> Fitting:
    return Fitting(
        data=report.data,
        provenance=report.provenance,
        wall_s=report.train_wall_s,
        threads=report.threads,
        sndr_mean_db=report.test.sndr_mean_db,
        cr_huffman=report.test.cr_huffman,
    )


@dataclass(frozen=True)
class Quantized:
    """What the quantize stage found."""

    float_model: Coder | LevelCoder
    fixed_point: Coder | LevelCoder
    widths: str
    layers: list[Layer]
    golden_check: GoldenCheck
    further_points: tuple[LevelCoder, ...] = ()


@singledispatch
def quantized_of(report: SpecReport, design: Design) -> Quantized:
    """What a report of the quantize stage says.

    Raises:
        TypeError: nothing here knows this kind of record.
    """
    raise TypeError(f"the report does not know a {type(report).__name__}")


@quantized_of.register
def _(report: QuantizationReport, design: Design) -> Quantized:
    layers = [
        Layer(
            name=layer.name,
            sqnr_db=layer.sqnr_db,
            accumulated_sqnr_db=layer.accumulated_sqnr_db,
            saturation_rate=layer.saturation_rate,
        )
        for layer in report.layers
    ]
    indices_per_spike = design.encoder.features / design.block.spikes
    exact, coded = (_coder(figures, indices_per_spike) for figures in (report.float_model, report.fixed_point))
    return Quantized(exact, coded, design.quantization.widths, layers, report.golden_check)


@quantized_of.register
def _(report: LinearReport, design: Design) -> Quantized:
    exact, coded = (LevelCoder(**figures.model_dump()) for figures in (report.float_model, report.fixed_point))
    widths = f"{report.weight_bits}/{report.latent_bits}-bit"
    further = tuple(LevelCoder(**point.fixed_point.model_dump()) for point in report.further_points)
    return Quantized(exact, coded, widths, [], report.golden_check, further)


def _coder(figures: RateQuality, indices_per_spike: float) -> Coder:
    return Coder(
        sndr_mean_db=figures.sndr_mean_db,
        sndr_global_db=figures.sndr_global_db,
        entropy_bits_per_index=figures.entropy_bits_per_index,
        huffman_bits_per_index=figures.huffman_bits_per_index,
        bits_per_spike=figures.code_cross_entropy_bits_per_index * indices_per_spike,
        cr_entropy=figures.cr_entropy,
        cr_huffman=figures.cr_huffman,
        cr_wire=figures.cr_wire,
        cr_wire_events=figures.cr_wire_events,
        codewords_used=figures.codewords_used,
    )
