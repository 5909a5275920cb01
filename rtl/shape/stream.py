"""What passes from unit to unit."""

from dataclasses import dataclass
from typing import Literal

from rtl.shape.feed import Feed
from rtl.shape.products import ceil_div
from spikecae.stages import Values

__all__ = ["Order", "Stream", "feed_stream"]

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


def feed_stream(feed: Feed, values: Values, period: int) -> Stream:
    """Normalized samples as the input buffer hands them on, a transfer every ``period`` cycles.

    In chunks, samples are channels, a group of them in a chunk, and spikes that are mapped apart are samples.
    """
    if feed.order == "samples":
        return Stream(values.channels, values.samples, feed.lanes, values.bits, values.signed, "repeated", period)
    channels, columns = feed.groups * feed.lanes, feed.transfers // feed.groups
    return Stream(channels, columns, feed.lanes, values.bits, values.signed, "group_time_channel", period)
