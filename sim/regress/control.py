"""``control/<chip>.json``: what random hosts have done with a chip, and what a model of it says."""

from pydantic import BaseModel, ConfigDict

__all__ = ["ControlResults"]


class ControlResults(BaseModel):
    """Of one chip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chip: str
    actions: int
    packets: int
    spikes: int
    lost: int
    """Spikes that are in no packet, and must be."""
    faults: int
    """Answers, packets and counters that the documents do not allow."""
    met: int
    """Kinds of registers that were written in a state of the chip, of ``all``."""
    all: int

    def __str__(self) -> str:
        return (
            f"{self.chip}: {self.actions:,} actions, {self.faults} faults, {self.lost} of {self.spikes:,} spikes lost, "
            f"{self.packets:,} packets decoded, {self.met} of {self.all} kinds of registers by states"
        )
