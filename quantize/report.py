"""What the quantize stage reports: ``metrics.json`` beside the encoder spec."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from spikecae.design import Quantization
from spikecae.files import write_text
from spikecae.opening.provenance import Provenance
from spikecae.records import read_record

__all__ = [
    "GoldenCheck",
    "LayerReport",
    "Model",
    "QuantizationReport",
    "RateQuality",
    "SpecReport",
    "WeightReport",
    "load_report",
    "load_report_of",
    "save_report",
]


class Model(BaseModel):
    """A part of the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RateQuality(Model):
    """Quality and rate on the test split. The Huffman code is that of the training split's indices.

    ``cr_entropy``: the paper's equation 5, with the entropy of the test indices. ``cr_huffman``: payload bits alone.
    ``cr_wire``: packets of ``blocks_per_packet`` blocks with framing, padding and checksums; ``cr_wire_events``: with
    channels and times as well, None where the data have no times.
    """

    sndr_mean_db: float
    sndr_global_db: float
    entropy_bits_per_index: float
    huffman_bits_per_index: float
    code_cross_entropy_bits_per_index: float
    cr_entropy: float
    cr_huffman: float
    cr_wire: float
    cr_wire_events: float | None
    codewords_used: int


class WeightReport(Model):
    """A convolution's weights: exponents and requantization shifts of its output channels, and their rounding."""

    exponent_minimum: int
    exponent_maximum: int
    shift_minimum: int
    shift_maximum: int
    sqnr_db: float


class LayerReport(Model):
    """Rounding of one place, on up to 512 blocks of the test split.

    ``minimum`` and ``maximum`` are the float model's. ``saturation_rate`` is the share of its values that the exponent
    cannot hold. ``sqnr_db`` counts this place's rounding alone, ``accumulated_sqnr_db`` the integer model's error here,
    with all that came before.
    """

    name: str
    exponent: int
    minimum: float
    maximum: float
    saturation_rate: float
    sqnr_db: float
    accumulated_sqnr_db: float
    weight: WeightReport | None
    """None for the input, which has no weights."""


class GoldenCheck(Model):
    """Golden model against the float model with rounding: compared for equality on the test split."""

    blocks: int
    taps: int
    values: int
    mismatches: int


class SpecReport(Model):
    """One run of the quantize stage, whatever the kind of encoder; a class of its own says the rest."""

    schema_version: Literal[3] = 3
    design: str
    spec_hash: str
    data: str
    provenance: Provenance
    unit: str
    test_blocks: int
    codewords: int
    blocks_per_packet: int
    weight_bits: int


class QuantizationReport(SpecReport):
    """Of a network with a codebook."""

    activation_bits: int
    latent_bits: int
    fine_tune_epochs: int
    code_tables: int
    one_table_huffman_bits_per_index: float
    """What the Huffman code would take with one table for all positions."""
    float_model: RateQuality
    """The checkpoint as it was before any fine-tuning."""
    fixed_point: RateQuality
    """The same in integers, after any fine-tuning."""
    sndr_loss_db: float
    index_agreement: float
    """Share of test indices that both models choose."""
    layers: list[LayerReport]
    costliest_layer: str
    """The place with the lowest ``sqnr_db``."""
    golden_check: GoldenCheck

    def __str__(self) -> str:
        widths = Quantization.model_construct(
            weight_bits=self.weight_bits, activation_bits=self.activation_bits, latent_bits=self.latent_bits
        ).widths
        how = f", fine-tuned for {self.fine_tune_epochs} epochs" if self.fine_tune_epochs else ""
        coded = self.fixed_point
        return (
            f"{widths}{how}: SNDR {coded.sndr_mean_db:.2f} dB (float {self.float_model.sndr_mean_db:.2f} dB) at CR "
            f"{coded.cr_entropy:.1f} entropy, {coded.cr_huffman:.1f} Huffman, {coded.cr_wire:.1f} on the wire; golden "
            f"model equals fake-quantized PyTorch on {self.golden_check.blocks} blocks"
        )


def save_report(path: Path, report: SpecReport) -> None:
    """Write ``path``, replacing what was there only when all is written."""
    write_text(path, report.model_dump_json(indent=2) + "\n")


R = TypeVar("R", bound=SpecReport)


def load_report(path: Path) -> QuantizationReport:
    """Read the report of a network.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a quantization report.
    """
    return load_report_of(path, QuantizationReport)


def load_report_of(path: Path, kind: type[R]) -> R:
    """Read a report of a kind; errors as for :func:`load_report`."""
    return read_record(path, kind, "quantization report", "make it with the quantize stage")
