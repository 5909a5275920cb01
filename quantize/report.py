"""What the quantize stage reports: ``metrics.json`` beside the encoder spec."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from model.provenance import Provenance
from spikecae.files import write_text
from spikecae.records import read_record

__all__ = [
    "GoldenCheck",
    "LayerReport",
    "QuantizationReport",
    "RateQuality",
    "WeightReport",
    "load_report",
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
    """Golden model against fake-quantized PyTorch model: compared for equality on the test split."""

    blocks: int
    taps: int
    values: int
    mismatches: int


class QuantizationReport(Model):
    """One run of the quantize stage."""

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


def save_report(path: Path, report: QuantizationReport) -> None:
    """Write ``path``, replacing what was there only when all is written."""
    write_text(path, report.model_dump_json(indent=2) + "\n")


def load_report(path: Path) -> QuantizationReport:
    """Read a report.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a quantization report.
    """
    return read_record(path, QuantizationReport, "quantization report", "make it with the quantize stage")
