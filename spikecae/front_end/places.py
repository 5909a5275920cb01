"""How many events can be under way at once, so that few find no place."""

__all__ = ["FEWEST", "LOST", "RATE_HZ", "lost_share", "places_for"]

RATE_HZ = 20.0
"""Spikes per second of a channel (Wu et al. 2018, section 4)."""
LOST = 1e-4
"""Share of events that may find no place, if they come at random at that rate."""
FEWEST = 8
"""Places that there are at least, for bursts."""


def lost_share(load: float, places: int) -> float:
    """Share of events that find no place: Erlang's loss formula (1917), which holds for any spread of durations.

    Args:
        load: events under way on average, if none were lost: events a second times seconds that one takes.
        places: how many can be under way.
    """
    share = 1.0
    for place in range(1, places + 1):
        share = load * share / (place + load * share)
    return share


def places_for(load: float) -> int:
    """The fewest places of which no more than :data:`LOST` of the events are lost, and :data:`FEWEST` at least.

    Args:
        load: as for :func:`lost_share`.
    """
    places = FEWEST
    while lost_share(load, places) > LOST:
        places += 1
    return places
