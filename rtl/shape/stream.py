"""What passes from unit to unit."""

from dataclasses import dataclass
from typing import Literal

from rtl.shape.products import ceil_div

__all__ = ["Order", "Stream"]

Order = Literal["repeated", "group_time_channel", "time_channel"]
"""How a block's (channels, samples) are walked: sample after sample with all channels, the whole block once for each
channel group; channel group after channel group, sample after sample; or sample after sample, some channels at a
time."""


@dataclass(frozen=True)
class Stream:
    """A block's values between two units, ``elements`` of them a transfer, each of ``bits``."""

    channels: int
    samples: int
    elements: int
    bits: int
    signed: bool
    order: Order
    period: int
    """Cycles from sample to sample."""

    @property
    def transfers(self) -> int:
        """Transfers of a block, where it comes once."""
        return self.samples * ceil_div(self.channels, self.elements)
