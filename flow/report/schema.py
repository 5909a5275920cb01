"""``report.json``: the figures of one run that matter, with where each comes from.

Light on purpose: the table is printed from the file, without PyTorch.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from model.data_quality import DataQuality
from synth.estimate.estimate_report import Estimate
from synth.power.power_report import PowerReport
from synth.report import SynthesisReport

__all__ = ["Baseline", "Coder", "Data", "Encoder", "Layer", "Report", "Simulation", "Training", "Weights"]


class Part(BaseModel):
    """A part of the report: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(Part):
    """The spikes that everything below was measured on: the test split, later in time than the training split."""

    source: str
    provenance: str
    unit: str
    sampling_rate_hz: float
    train_blocks: int
    validation_blocks: int
    test_blocks: int
    spikes_per_block: int
    samples_per_spike: int
    clipped_samples: int
    total_samples: int
    quality: DataQuality


class Training(Part):
    """How the weights were made, and how they did on their own data's test split."""

    data: str
    provenance: str
    recipe: str
    epochs: int
    best_epoch: int
    wall_s: float
    threads: int
    sndr_mean_db: float
    cr_entropy: float


class Weights(Part):
    """The float weights in use."""

    origin: Literal["trained", "shipped"]
    training: Training


class Coder(Part):
    """Quality and rate on the test split. SNDR is in recording units, as mean over spikes and of all together."""

    sndr_mean_db: float
    sndr_global_db: float
    entropy_bits_per_index: float
    huffman_bits_per_index: float
    bits_per_spike: float
    """Cross-entropy of the test indices under the training split's code: what an ideal entropy coder spends."""
    cr_entropy: float
    cr_huffman: float
    cr_wire: float
    cr_wire_events: float | None
    """With each block's channels and times beside it; None where the data have no times."""
    codewords_used: int


class Layer(Part):
    """Signal to rounding noise at one place of the network, float against integers, on the test split."""

    name: str
    sqnr_db: float
    """Of this place's rounding alone."""
    accumulated_sqnr_db: float
    """With all that came before."""
    saturation_rate: float


class Baseline(Part):
    """PCA, a uniform scalar quantizer and order-0 entropy coding, at the bits per spike of the encoder in integers.

    ``gap_db`` is the encoder's mean SNDR less PCA's: negative where PCA is better. Where PCA reaches no such rate, or
    cannot be fitted, ``not_available`` says why, and there are no figures.
    """

    bits_per_spike: float
    sndr_mean_db: float | None
    gap_db: float | None
    not_available: str | None
    curve_bits_per_spike: list[float]
    curve_sndr_mean_db: list[float]

    def __str__(self) -> str:
        if self.sndr_mean_db is None or self.gap_db is None:
            return f"not available: {self.not_available}"
        return (
            f"{self.sndr_mean_db:.2f} dB at {self.bits_per_spike:.1f} bits per spike: the encoder is "
            f"{abs(self.gap_db):.2f} dB {'better' if self.gap_db >= 0 else 'worse'}"
        )


class Encoder(Part):
    """The emitted hardware, as its manifest says."""

    spec_hash: str
    spikes_per_block: int
    fold: int
    multipliers: int
    search_multipliers: int
    utilisation: float
    macs_per_spike: float
    """Multiply-accumulates of the convolutions and the codeword search."""
    parameters: Literal["ram", "rom"]
    parameter_bits: int
    working_memory_bits: int
    clock_mhz: float


class Simulation(Part):
    """The emitted Verilog against the golden model."""

    simulator: str
    blocks: int
    values_compared: int
    mismatches: int
    cycles_per_block_predicted: int
    cycles_per_block_measured: float
    latency_cycles_predicted: int
    latency_cycles_measured: int
    spikes_per_s: float
    """Sustained throughput at the design's clock."""


class Report(Part):
    """``report.json``."""

    schema_version: Literal[3] = 3
    design: str
    data: Data
    weights: Weights
    float_model: Coder
    fixed_point: Coder
    widths: str
    """Of ``fixed_point``, as :attr:`spikecae.design.Quantization.widths` has them."""
    codewords: int
    layers: list[Layer]
    golden_check_blocks: int
    golden_check_values: int
    baseline: Baseline
    encoder: Encoder
    simulation: Simulation
    synthesis: SynthesisReport
    power: PowerReport | None = None
    """None where the power stage has not run on this netlist."""

    @property
    def estimates(self) -> list[Estimate]:
        """The analytic estimates that nothing better takes the place of: none of the process that was mapped to."""
        mapped = self.synthesis.target if self.synthesis.mapping is not None else None
        return [estimate for estimate in self.synthesis.estimates if estimate.node != mapped]
