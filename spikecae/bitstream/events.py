"""Where and when blocks were recorded, and how packets say so: differences in exponential Golomb codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.bits import golomb, signed_difference, zigzag
from spikecae.bitstream.packets import Sidecar

__all__ = ["CHANNEL_ORDER", "TIME_ORDER", "Events", "event_fields", "sidecar_of"]

CHANNEL_ORDER = 7
"""Order of the exponential Golomb code of differences between channels."""
TIME_ORDER = 9
"""The same for differences between times."""

Fields = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Right-aligned code words and their widths in bits, of one shape; width 0 is no field."""


@dataclass(frozen=True, eq=False)
class Events:
    """Where and when: one channel per block or raw snippet, one time per block or per present spike."""

    channels: NDArray[np.int64]
    """(n,), 0..65535."""
    times: NDArray[np.int64]
    """(n,) or (spikes,), in samples modulo 2**32."""


def sidecar_of(events: Events | None, blocks: int, spikes: int) -> Sidecar:
    """What the events are of, by how many they are.

    Raises:
        ValueError: they are as many as neither blocks nor spikes, or a channel does not fit.
    """
    if events is None:
        return Sidecar.NONE
    if events.channels.shape != (blocks,) or events.times.shape not in ((blocks,), (spikes,)):
        raise ValueError(
            f"{blocks} blocks or snippets of {spikes} spikes need {blocks} channels and {blocks} or {spikes} times, "
            f"got {events.channels.shape} and {events.times.shape}"
        )
    if blocks and not 0 <= events.channels.min() <= events.channels.max() <= 0xFFFF:
        raise ValueError(f"channels {events.channels.min()}..{events.channels.max()} must lie in 0..65535")
    return Sidecar.BLOCK if events.times.shape == (blocks,) else Sidecar.SPIKE


def event_fields(events: Events | None, blocks: int, per_block: int) -> tuple[Fields, Fields]:
    """The fields of each block's events, and what takes the place of the first two where a block opens a packet.

    Args:
        events: of every block; their last times may be missing.
        blocks: how many blocks.
        per_block: times of a block that is not partial.

    Returns:
        Fields (blocks, 1 + per_block) and (blocks, 2); (blocks, 0) both if there are no events.
    """
    if events is None:
        none = np.empty((blocks, 0), np.int64)
        return (none, none), (none, none)
    times = np.zeros((blocks, per_block), np.int64)
    times.ravel()[: events.times.size] = events.times
    channels, first = events.channels.astype(np.int64), times[:, 0]
    opening = _code(channels, first, times[:, :0])
    fields = _code(
        np.diff(channels, prepend=0),
        signed_difference(first, np.concatenate([[0], first[:-1]]) if blocks else first),
        np.diff(times, axis=1) & 0xFFFFFFFF,
    )
    absent = blocks * per_block - events.times.size
    if absent:
        for part in fields:
            part[-1, -absent:] = 0
    return fields, opening


def _code(channels: NDArray[Any], first: NDArray[Any], further: NDArray[Any]) -> Fields:
    numbers = np.column_stack([zigzag(channels), zigzag(signed_difference(first, 0)), further])
    orders = np.full(numbers.shape[1], TIME_ORDER)
    orders[0] = CHANNEL_ORDER
    return golomb(numbers, orders)
