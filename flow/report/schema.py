"""``report.json``: the figures of one run that matter, with where each comes from.

Light on purpose: the table is printed from the file, without PyTorch.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Baseline", "Coder", "Data", "Encoder", "Report", "Simulation", "Training", "Weights"]


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
    codewords_used: int


class Baseline(Part):
    """PCA, a uniform scalar quantizer and order-0 entropy coding, at the bits per spike of the 8-bit encoder.

    ``gap_db`` is the encoder's mean SNDR less PCA's: negative where PCA is better.
    """

    bits_per_spike: float
    sndr_mean_db: float
    gap_db: float
    curve_bits_per_spike: list[float]
    curve_sndr_mean_db: list[float]
