"""How a block of normalized samples leaves the input buffer for the first stage."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Feed"]

Order = Literal["samples", "chunks of each spike", "chunks of the block"]


@dataclass(frozen=True)
class Feed:
    """A block of ``spikes`` of ``samples``, some values a transfer.

    ``order``: sample after sample, that of all spikes in a transfer, the whole block ``repeats`` times; or chunks of
    ``lanes`` samples of one spike in a transfer, spike after spike, which are mapped each by itself or all together.
    """

    spikes: int
    samples: int
    lanes: int
    """Values in a transfer; in chunks a power of two that divides ``samples``."""
    order: Order = "samples"
    repeats: int = 1
    codes: int = 1
    """ADC codes that a sample is made of."""
    places: int = 2
    """Blocks that the buffer has room for. A single place, for a block of a word, is filled once that one was taken."""

    @property
    def beats(self) -> int:
        """ADC codes of a block."""
        return self.spikes * self.samples * self.codes

    @property
    def chunks(self) -> int:
        """Transfers of a spike, where it comes in chunks."""
        return self.samples // self.lanes

    @property
    def walk(self) -> tuple[int, int]:
        """Transfers as an outer and an inner count."""
        if self.order == "samples":
            return self.repeats, self.samples
        return self.spikes, self.chunks

    @property
    def words(self) -> int:
        """Words of a block in the buffer."""
        return self.samples if self.order == "samples" else self.spikes * self.chunks

    @property
    def part(self) -> int:
        """Samples of a chunk that are gathered at once: their root, so that few registers see each sample, and few
        clock gates wait for one."""
        return 1 << (self.lanes.bit_length() - 1) // 2

    @property
    def transfers(self) -> int:
        """Transfers of a block."""
        outer, inner = self.walk
        return outer * inner

    @property
    def groups(self) -> int:
        """Parts of a block that meet weights of their own: repetitions, or chunks."""
        return {
            "samples": self.repeats,
            "chunks of each spike": self.chunks,
            "chunks of the block": self.spikes * self.chunks,
        }[self.order]
