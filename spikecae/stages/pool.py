"""Maximum over time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from spikecae.stages.base import Transform, Values, register
from spikecae.stages.checks import require

__all__ = ["Pool"]


@register
@dataclass(frozen=True, eq=False)
class Pool(Transform):
    """Maximum over ``size`` samples, not overlapping."""

    kind = "pool"
    name: str
    size: int

    def __post_init__(self) -> None:
        require(self.size >= 1, f"{self.name}.size = {self.size} must be positive")

    def faults(self, given: Values) -> Iterator[str]:
        """Samples that are no multiple of the size."""
        if given.samples % self.size:
            yield f"{self.name}.size = {self.size} does not divide {given.samples} samples"

    def output(self, given: Values) -> Values:
        """Fewer samples of the same integers."""
        return replace(given, samples=given.samples // self.size)
