"""``cocotb/<chip>-<simulator>.json``: what third-party models of a chip's buses have seen of it."""

from pydantic import BaseModel, ConfigDict

__all__ = ["BusResults"]


class BusResults(BaseModel):
    """Of one chip in one simulator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chip: str
    simulator: str
    passed: int
    """Tests."""
    failed: int
    counts: dict[str, int]
    """Cycles, beats, stalls and the like, by what is counted."""

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items())
        return f"{self.chip}, {self.simulator}: {self.passed} of {self.passed + self.failed} tests passed; {counts}"
