"""Which unit of a sorting each event is of."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikecae.errors import InputError
from spikecae.front_end.recorded import Recorded

if TYPE_CHECKING:
    from spikeinterface.core import BaseSorting

__all__ = ["NONE", "shares_with_event", "units_of"]

NONE = -1
WITHIN_S = 0.4e-3
"""Of a unit's spike, the peak of its event."""
RATE_TOLERANCE = 1e-3


def units_of(
    sorting: "BaseSorting",
    recorded: Recorded,
    times: NDArray[np.integer],
    channels: NDArray[np.integer],
    close: NDArray[np.bool_],
) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the units, and the number of that of each event, ``NONE`` of those that are no unit's.

    An event is a unit's if a spike of the unit is within 0.4 ms of its peak, and its channel ``close`` to that on
    which most of the unit's events are.

    Args:
        sorting: of the recording, of as many segments.
        recorded: the recording.
        times: int64 ``[n]``, in order, through all segments.
        channels: int64 ``[n]``.
        close: bool ``[C, C]``.

    Raises:
        InputError: the sorting is of another recording.
    """
    rate, segments = sorting.get_sampling_frequency(), sorting.get_num_segments()
    if segments != len(recorded.segment_samples) or abs(rate / recorded.sampling_rate_hz - 1) > RATE_TOLERANCE:
        raise InputError(
            f"the sorting is of {segments} segments at {rate:g} Hz, the recording of {len(recorded.segment_samples)} "
            f"at {recorded.sampling_rate_hz:g} Hz; give the recording that was sorted"
        )
    starts = np.concatenate([[0], np.cumsum(recorded.segment_samples)])
    within = round(WITHIN_S * recorded.sampling_rate_hz)
    number = np.full(len(times), NONE, np.int64)
    nearest = np.full(len(times), within + 1, np.int64)
    names = [str(unit) for unit in sorting.unit_ids]
    for unit, name in enumerate(sorting.unit_ids):
        trains = [sorting.get_unit_spike_train(name, segment) + starts[segment] for segment in range(segments)]
        train = np.concatenate(trains)
        if not len(train):
            continue
        place = np.searchsorted(train, times)
        before, after = train[(place - 1).clip(0)], train[place.clip(max=len(train) - 1)]
        distance = np.minimum(np.abs(times - before), np.abs(after - times))
        there = distance <= within
        if not there.any():
            continue
        home = int(np.bincount(channels[there]).argmax())
        mine = there & close[home][channels] & (distance < nearest)
        number[mine], nearest[mine] = unit, distance[mine]
    return names, number


def shares_with_event(
    sorting: "BaseSorting",
    recorded: Recorded,
    times: NDArray[np.integer],
    channels: NDArray[np.integer],
    close: NDArray[np.bool_],
) -> list[float]:
    """Of each unit, the share of its spikes that have an event of their own; arguments as of :func:`units_of`."""
    names, number = units_of(sorting, recorded, times, channels, close)
    events = np.bincount(number[number != NONE], minlength=len(names))
    spikes = sorting.count_num_spikes_per_unit()
    return [min(1.0, int(own) / max(1, int(spikes[unit]))) for unit, own in zip(sorting.unit_ids, events, strict=True)]
