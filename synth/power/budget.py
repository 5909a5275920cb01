"""What an implant gets for its power: density, channels within the limit, and what the link saves."""

from synth.estimate.limit import LIMIT_UW_PER_MM2, RATE_HZ, spikes_within
from synth.power.power_report import Budget, LinkSaving

__all__ = ["budget"]

HOST_MM2 = 12.0
"""Die that the paper puts 250 channels on."""
LINK_PJ_PER_BIT = (5.8, 50.0, 100.0)
"""An ultra-wide-band radio's, and what older ones take."""


def budget(
    *,
    nj_per_spike: float,
    isolated_nj_per_spike: float,
    leakage_uw: float,
    idle_uw: float,
    idle_clocked_uw: float,
    cells_um2: float,
    macros_um2: float,
    placement_density: float,
    spikes_per_s: float,
    raw_bits_per_spike: float,
    wire_bits_per_spike: float,
) -> Budget:
    """Divide the power that the tissue tolerates among channels.

    Args:
        nj_per_spike: energy at full rate, without leakage.
        isolated_nj_per_spike: the same of blocks that find the chip at rest, as those of channels at their rate do.
        leakage_uw: always there.
        idle_uw: of a chip without spikes that stops its clock, leakage left out.
        idle_clocked_uw: of one whose clock runs without spikes.
        cells_um2, macros_um2: areas.
        placement_density: share of the placed area that cells take; macros are placed densely.
        spikes_per_s: at full rate.
        raw_bits_per_spike, wire_bits_per_spike: on the link, without and with the encoder.
    """
    area = cells_um2 / placement_density / 1e6 + macros_um2 / 1e6

    def channels(power_uw: float, idle_uw: float) -> int:
        within = spikes_within(
            power_uw,
            nj_per_spike=isolated_nj_per_spike,
            spikes_per_s=spikes_per_s,
            leakage_uw=leakage_uw,
            idle_uw=idle_uw,
        )
        return int(within / RATE_HZ)

    full = nj_per_spike * spikes_per_s / 1e3 + leakage_uw
    limit = LIMIT_UW_PER_MM2 * area
    own = channels(limit, idle_uw)
    saved = raw_bits_per_spike - wire_bits_per_spike
    return Budget(
        limit_uw_per_mm2=LIMIT_UW_PER_MM2,
        rate_hz=RATE_HZ,
        placement_density=placement_density,
        area_mm2=area,
        spikes_per_s_at_full_rate=spikes_per_s,
        power_uw_at_full_rate=full,
        density_uw_per_mm2_at_full_rate=full / area,
        channels_within_limit=own,
        channels_within_limit_clocked=channels(limit, idle_clocked_uw),
        resting_share=(leakage_uw + idle_uw) / limit,
        channels_per_mm2=own / area,
        uw_per_channel=isolated_nj_per_spike * RATE_HZ / 1e3 + (leakage_uw + idle_uw) / max(1, own),
        um2_per_channel=area * 1e6 / max(1, own),
        host_mm2=HOST_MM2,
        channels_in_host=channels(LIMIT_UW_PER_MM2 * HOST_MM2, idle_uw),
        break_even_pj_per_bit=1e3 * nj_per_spike / saved,
        link=[
            LinkSaving(
                link_pj_per_bit=link,
                raw_nj_per_spike=raw_bits_per_spike * link / 1e3,
                encoded_nj_per_spike=nj_per_spike + wire_bits_per_spike * link / 1e3,
            )
            for link in LINK_PJ_PER_BIT
        ],
    )
