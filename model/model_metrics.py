"""``model/metrics.json``: the float model on the test split of the data at hand. Read without PyTorch."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from spikecae.files import write_text

__all__ = ["LinearMetrics", "ModelMetrics", "NetworkMetrics", "Weights", "save_metrics"]

Weights = Literal["trained", "shipped"]
"""How the weights in use came to be."""


class ModelMetrics(BaseModel):
    """What every kind of encoder has; a class of its own says the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    weights: Weights
    data: str
    provenance: str
    unit: str
    blocks: int
    sndr_mean_db: float
    sndr_global_db: float


class NetworkMetrics(ModelMetrics):
    """Of a network with a codebook."""

    entropy_bits_per_index: float
    bits_per_spike: float
    cr_entropy: float
    codewords: int
    codewords_used: int

    def __str__(self) -> str:
        return (
            f"float: SNDR {self.sndr_mean_db:.2f} dB at CR {self.cr_entropy:.1f}, "
            f"{self.codewords_used} of {self.codewords} codewords used"
        )


class LinearMetrics(ModelMetrics):
    """Of a linear encoder, at the bits of its own Huffman code with what is sent outside of it."""

    sndr_worst_db: float
    """5 % of the spikes come back worse."""
    bits_per_spike: float
    cr_huffman: float

    def __str__(self) -> str:
        worst = f"worst 5 % {self.sndr_worst_db:.2f} dB"
        return f"float: SNDR {self.sndr_mean_db:.2f} dB, {worst}, at CR {self.cr_huffman:.1f} by Huffman bits"


def save_metrics(path: Path, metrics: ModelMetrics) -> None:
    """Write ``path``, replacing what was there only when all is written."""
    write_text(path, metrics.model_dump_json(indent=1) + "\n")
