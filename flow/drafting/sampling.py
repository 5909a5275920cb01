"""Sampling rates that a draft can be made for."""

__all__ = ["FASTEST_HZ", "SLOWEST_HZ", "check_sampling"]

SLOWEST_HZ, FASTEST_HZ = 5000.0, 100000.0
"""Below, a spike has few samples, and the band ends below 1500 Hz; above, a snippet ends before the spike does."""


def check_sampling(rate_hz: float, source: str = "") -> None:
    """Make sure that there are drafts for this rate, which ``source`` has, a recording or an option.

    Raises:
        ValueError: there are none.
    """
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        text = f"{rate_hz:g} must be {SLOWEST_HZ:g} to {FASTEST_HZ:g} samples a second and channel"
        raise ValueError(f"{source}: {text}" if source else text)
