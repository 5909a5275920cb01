"""What was found in a recording, and what of it was left out: part of ``data.json`` and of the report.

Light on purpose: reports are read without NumPy.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["CAUSES", "Cause", "DataQuality", "LeftOut", "NoiseRange"]

Cause = Literal["clipped", "blanked", "silent", "not a number"]
"""Why samples, and spikes near them, are left out. Clipped: several samples in a row at the extreme of the channel.
Blanked: one value for longer than a signal keeps it. Silent: a stored spike of zeros alone, on one of its channels."""

CAUSES: tuple[Cause, ...] = ("clipped", "blanked", "silent", "not a number")

WHY: dict[Cause, str] = {
    "clipped": "near clipped samples",
    "blanked": "near blanked samples",
    "silent": "of events that are silent on a channel",
    "not a number": "near samples that are not a number",
}
"""Of spikes that are left out."""


class Part(BaseModel):
    """Immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LeftOut(Part):
    """A channel or segment that no spike was taken from, and why."""

    what: str
    reason: str


class NoiseRange(Part):
    """Least and largest noise deviation over channels and segments, recording units, median(|x|) / 0.6745."""

    least: float
    largest: float


class DataQuality(Part):
    """What a reader found.

    Samples are counted on the channels that are used, spikes as snippets of one channel. ``duration_s`` is None of a
    file that holds spikes without the time between them.
    """

    duration_s: float | None = None
    segments: int = 1
    channels: int = 0
    """Of the source, those left out included."""
    left_out: list[LeftOut] = []
    bad_samples: dict[Cause, int] = {}
    excluded_spikes: dict[Cause, int] = {}
    noise: NoiseRange | None = None
    """None where spikes were not detected here."""
    silent_spikes: int = 0
    """Spikes without energy among those that are left; no mean of decibels counts them."""
    notes: list[str] = []
    """Sentences: what was found, on which channel, when."""

    @property
    def summary(self) -> str:
        """What was left out, in a line; empty where nothing was."""
        parts = [f"{entry.what} ({entry.reason})" for entry in self.left_out]
        parts += [f"{count:,} spikes {WHY[cause]}" for cause, count in self.excluded_spikes.items() if count]
        return "left out: " + "; ".join(parts) if parts else ""
