"""How a linear encoder was fitted: ``training.json``. Read without PyTorch."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from spikecae.files import write_text
from spikecae.opening.provenance import Provenance
from spikecae.records import read_record

__all__ = ["FittingReport", "LinearFigures", "PointFigures", "load_fitting_report", "save_fitting_report"]


class LinearFigures(BaseModel):
    """Quality and rate of the float encoder on one split, in its Huffman code for training spikes.

    ``sndr_worst_db``: 5 % of the spikes come back worse. Bits are with what is sent outside of the code's tables.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: int
    sndr_mean_db: float
    sndr_global_db: float
    sndr_worst_db: float
    bits_per_spike: float
    cr_huffman: float


class PointFigures(BaseModel):
    """Of a further operating point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: LinearFigures
    test: LinearFigures


class FittingReport(BaseModel):
    """One fit. ``train_wall_s`` covers fit and evaluation, with whatever else the machine was doing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    kind: Literal["linear"] = "linear"
    design: str
    design_sha256: str
    data: str
    data_sha256: str
    provenance: Provenance
    unit: str
    clipped_samples: int
    total_samples: int
    seed: int
    train_blocks: int
    classes: int
    """1 for none."""
    validation: LinearFigures
    test: LinearFigures
    further_points: tuple[PointFigures, ...] = ()
    """In the design's order."""
    train_wall_s: float
    threads: int
    versions: dict[str, str]
    """Of the libraries that a fit depends on."""
    repeat_with: str


def save_fitting_report(path: Path, report: FittingReport) -> None:
    """Write ``path``, replacing what was there only when all is written."""
    write_text(path, report.model_dump_json(indent=2) + "\n")


def load_fitting_report(path: Path) -> FittingReport:
    """Read a report.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else.
    """
    return read_record(path, FittingReport, "report of a fit", "make it with the train stage")
