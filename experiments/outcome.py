"""What a run is asked for, and what it measured."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from model.datasets.spikes import SpikeDataset
from spikecae.opening.provenance import Provenance

__all__ = ["Outcome", "Parameters", "data_of"]

Parameters = Mapping[str, str | int | float]


class Outcome(BaseModel):
    """What one run measured, and on what.

    ``data`` are the SHA-256 of the spikes it used, by their source, and of other files, by name; ``specs`` the hashes
    of encoder specs, by design. ``epochs`` trained, 0 where nothing is trained; ``seeded`` where the seed matters.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, float]
    provenance: Provenance
    data: dict[str, str]
    specs: dict[str, str] = {}
    epochs: int = 0
    seeded: bool = False
    wall_s: float = 0.0


def data_of(*datasets: SpikeDataset) -> dict[str, str]:
    """Hash of each data set, by its source."""
    return {dataset.source: dataset.sha256 for dataset in datasets}
