"""``gates/<netlist>.json``: a mapped netlist that was run from unknown and from random registers."""

from pydantic import BaseModel, ConfigDict

__all__ = ["GateResults"]


class GateResults(BaseModel):
    """Of one netlist in one simulator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    design: str
    target: str
    """Library that it was mapped to."""
    simulator: str
    cells: int
    blocks: int
    """Of each start."""
    random_starts: int
    """Besides the one from unknown registers."""
    mismatches: int
    """Starts of which a byte, or a handshake, was not as it must be."""

    def __str__(self) -> str:
        starts = f" and {self.random_starts} random starts" if self.random_starts else ""
        return (
            f"{self.design} in cells of {self.target}, {self.simulator}: {self.cells:,} cells, {self.blocks} blocks "
            f"from unknown registers{starts}, mismatches {self.mismatches}"
        )
