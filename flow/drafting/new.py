"""A new design file, and how it does by what was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from flow.drafting.design_file import design_text
from flow.drafting.draft import Wishes, draft, draft_for
from flow.drafting.survey import Survey, survey
from flow.layout import DESIGNS, NAME
from flow.price.check import RANDOM
from flow.price.price import Price, price
from flow.price.untrained import untrained_specs
from spikecae.files import write_text
from spikecae.opening.description import Description

__all__ = ["Limits", "NewDesign", "file_of", "new_design", "surveyed", "text_of"]


@dataclass(frozen=True)
class Limits:
    """What the chip may take, of its encoders alone; None where it does not matter."""

    area_mm2: float | None = None
    power_uw: float | None = None


class NewDesign(BaseModel):
    """What was written, and what it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    file: Path
    encoders: int
    """Side by side, for all channels."""
    area_mm2: float
    power_uw: float
    fits: bool
    """Within the limits that were given."""
    verdicts: list[str]
    price: Price


def file_of(name: str, folder: Path, *, may_replace: Callable[[Path], bool]) -> Path:
    """Where a new design goes.

    Raises:
        ValueError: the name is none of a design, or taken.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a design's name; take small letters, digits and _, a letter first")
    path = folder / f"{name}.toml"
    known = DESIGNS / path.name
    if known.exists() and not (path.exists() and path.samefile(known)):
        raise ValueError(f"{known} has this name already, and both would use build/{name}; choose another")
    if path.exists() and not may_replace(path):
        raise ValueError(f"{path} exists; choose another name, or replace it with --overwrite")
    return path


def surveyed(data: Path, description: Description) -> Survey:
    """What a recording says, its spikes found as a draft finds them.

    Raises:
        ValueError: it cannot be read, or has no spikes to go by.
    """
    return survey(data, description, draft("draft", Wishes(channels=1)).design)


def new_design(
    path: Path, wishes: Wishes, limits: Limits, found: Survey | None = None, tell: Callable[[str], None] | None = None
) -> NewDesign:
    """Write a design file.

    Args:
        path: where to.
        wishes: what is asked for.
        limits: what the design is judged by.
        found: a recording to go by.
        tell: gets a line before each part of the work.

    Raises:
        ValueError: what is asked for makes no design.
    """
    name, tell = path.stem, tell or (lambda line: None)
    each = f"{wishes.channels} channel{'s' * (wishes.channels != 1)} at {wishes.rate_hz:g} spikes/s each"
    tell(f"drafting an encoder for {each}")
    made = draft_for(name, wishes, found)
    tell(f"pricing it at fold {made.design.hardware.fold}: emitting its Verilog, and counting what that is made of")
    spikes = wishes.channels * wishes.rate_hz
    cost = price(made.design, untrained_specs(made.design), RANDOM)
    estimate, encoders = cost.estimate, cost.encoders_for(spikes)
    area, power = encoders * estimate.area_mm2, spikes * estimate.energy_nj_per_spike / 1000
    judged = [
        (what, value, limit, unit)
        for what, value, limit, unit in (
            ("area", area, limits.area_mm2, "mm²"),
            ("power", power, limits.power_uw, "µW"),
        )
        if limit is not None
    ]
    source = f", from {found.source}" if found else ""
    heading = f"{each}{source}: a draft, to be improved on by hand or by exploring."
    write_text(path, design_text(made.design, heading, made.reasons))
    return NewDesign(
        design=name,
        file=path,
        encoders=encoders,
        area_mm2=area,
        power_uw=power,
        fits=all(value <= limit for _, value, limit, _ in judged),
        verdicts=[
            f"{what} {value:.3g} {unit} of {limit:g}: {'fits' if value <= limit else 'too much; try explore'}"
            for what, value, limit, unit in judged
        ],
        price=cost,
    )


def text_of(new: NewDesign) -> str:
    """For people."""
    encoders = f"{new.encoders} encoder{'s' * (new.encoders != 1)}"
    return "\n".join(
        [
            f"{new.file}: {encoders}, {new.area_mm2:.2f} mm², {new.power_uw:.3g} µW at that rate (estimated)",
            *(f"  {name:<12} {said}" for name, said in new.price.rows()),
            *(f"  {verdict}" for verdict in new.verdicts),
        ]
    )
