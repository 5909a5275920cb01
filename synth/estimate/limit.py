"""The power that the tissue tolerates, and how many spikes it pays for."""

from spikecae.front_end.places import RATE_HZ

__all__ = ["LIMIT_UW_PER_MM2", "RATE_HZ", "spikes_within"]

LIMIT_UW_PER_MM2 = 400.0
"""Power density that brain tissue tolerates (Wu et al. 2018, section 4)."""


def spikes_within(
    power_uw: float, *, nj_per_spike: float, spikes_per_s: float, leakage_uw: float = 0.0, idle_uw: float = 0.0
) -> float:
    """Spikes a second that a power lasts for; no more than the encoder can keep up with.

    Args:
        power_uw: what there is.
        nj_per_spike: energy at full rate, without leakage.
        spikes_per_s: at full rate.
        leakage_uw: always there.
        idle_uw: of a clock that runs without spikes: for the share of time that spikes do not take.
    """
    net_nj = nj_per_spike - idle_uw / spikes_per_s * 1000
    return min(spikes_per_s, max(0.0, (power_uw - leakage_uw - idle_uw) / net_nj * 1000))
