"""One trial: a design is trained in short, made integers, and priced; on any worker that sees the checkout."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from flow.price.price import price
from flow.stages.dataset_file import load_dataset_file
from model.families import FAMILIES
from quantize.families import QUANTIZED_FAMILIES
from spikecae.design import Design
from spikecae.design.point_folder import point_folder
from spikecae.evaluation.quality import SAMPLE_BITS
from spikecae.spec import load_spec

__all__ = ["Figures", "tried"]

TRAINED = "of a short training"


class Figures(BaseModel):
    """What a trial found: quality and rate on validation spikes, in the chip's integers; the rest by the estimate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sndr_db: float
    bits_per_spike: float
    nj_per_spike: float
    area_mm2: float
    """Of one encoder."""
    cycles_per_block: int
    spikes_per_s_within_limit: float


def tried(content: dict[str, Any], data: str) -> dict[str, Any]:
    """Train, quantize and price a design.

    Args:
        content: the design.
        data: folder of the spikes. Test spikes are never looked at, so that they may judge the design that is adopted.

    Returns:
        :class:`Figures` as a dictionary.

    Raises:
        ValueError: the design cannot be trained, quantized or emitted.
    """
    design = Design.model_validate(content)
    spikes = load_dataset_file(Path(data))
    seen = replace(spikes, test=spikes.validation)
    with tempfile.TemporaryDirectory(prefix="spikecae-trial-") as name:
        folder = Path(name)
        (folder / "model").mkdir()
        FAMILIES.of(design).train(design, seen, folder / "model", None, Console(quiet=True))
        checkpoint = folder / "model" / "checkpoint.safetensors"
        quantized = QUANTIZED_FAMILIES.of(design)
        report: Any = quantized.quantize(design, checkpoint, seen, folder / "spec", lambda step, done, total: None)
        specs = [load_spec(point_folder(folder / "spec", number)) for number in range(len(design.points))]
        cost = price(design, specs, TRAINED)
    coded = report.fixed_point
    return Figures(
        sndr_db=coded.sndr_mean_db,
        bits_per_spike=design.block.samples * SAMPLE_BITS / coded.cr_huffman,
        nj_per_spike=cost.estimate.energy_nj_per_spike,
        area_mm2=cost.estimate.area_mm2,
        cycles_per_block=cost.cycles_per_block,
        spikes_per_s_within_limit=cost.estimate.spikes_per_s_within_limit,
    ).model_dump()
