"""The budget against its arithmetic, written out."""

import pytest

from synth.power.budget import DENSITY, budget


def test_by_hand() -> None:
    found = budget(
        nj_per_spike=250.0,
        leakage_uw=100.0,
        idle_clocked_uw=50.0,
        cells_um2=DENSITY * 1e6,
        macros_um2=1e6,
        spikes_per_s=20_000.0,
        raw_bits_per_spike=768.0,
        wire_bits_per_spike=32.0,
    )
    assert found.area_mm2 == pytest.approx(2.0)
    # 800 µW less 100 of leakage, at 5 µW a channel.
    assert found.channels_within_limit == 140
    # 50 µW go to the idle clock, which each channel's spikes replace for a thousandth of the time.
    assert found.channels_within_limit_clocked == int(650 / (5 - 0.05))
    assert found.power_uw_at_full_rate == pytest.approx(5100)
    assert found.channels_in_host == 940
    assert found.break_even_pj_per_bit == pytest.approx(250_000 / 736)
    assert found.link[2].raw_nj_per_spike == pytest.approx(76.8)
    assert found.link[2].encoded_nj_per_spike == pytest.approx(253.2)


def test_no_more_channels_than_it_can_keep_up_with() -> None:
    found = budget(
        nj_per_spike=1.0,
        leakage_uw=0.0,
        idle_clocked_uw=0.0,
        cells_um2=1e6,
        macros_um2=0.0,
        spikes_per_s=400.0,
        raw_bits_per_spike=768.0,
        wire_bits_per_spike=32.0,
    )
    assert found.channels_within_limit == 20
