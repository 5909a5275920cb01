"""The budget against its arithmetic, written out."""

import pytest

from synth.estimate.limit import spikes_within
from synth.power.budget import budget


def test_by_hand() -> None:
    found = budget(
        nj_per_spike=250.0,
        isolated_nj_per_spike=280.0,
        leakage_uw=100.0,
        idle_uw=10.0,
        idle_clocked_uw=50.0,
        cells_um2=0.7e6,
        macros_um2=1e6,
        placement_density=0.7,
        spikes_per_s=20_000.0,
        raw_bits_per_spike=768.0,
        wire_bits_per_spike=32.0,
    )
    assert found.area_mm2 == pytest.approx(2.0)
    # 800 µW less 100 of leakage and 10 that a chip takes asleep, at 5.6 µW a channel whose blocks come one by one; its
    # spikes take the place of sleep for a thousandth of the time.
    assert found.channels_within_limit == int(690 / (5.6 - 0.01))
    assert found.resting_share == pytest.approx(110 / 800)
    assert found.uw_per_channel == pytest.approx(5.6 + 110 / found.channels_within_limit)
    # 50 µW go to a clock that always runs.
    assert found.channels_within_limit_clocked == int(650 / (5.6 - 0.05))
    assert found.power_uw_at_full_rate == pytest.approx(5100)
    assert found.channels_in_host == int(4690 / (5.6 - 0.01))
    assert found.break_even_pj_per_bit == pytest.approx(250_000 / 736)
    assert found.link[2].raw_nj_per_spike == pytest.approx(76.8)
    assert found.link[2].encoded_nj_per_spike == pytest.approx(253.2)


def test_the_limit_is_shared_among_spikes() -> None:
    """800 µW, of which 100 leak: 2,800 spikes of 250 nJ a second."""
    assert spikes_within(800.0, nj_per_spike=250.0, spikes_per_s=1e5, leakage_uw=100.0) == pytest.approx(2800)
    # An idle clock of 50 µW: spikes take its place for part of the time.
    clocked = spikes_within(800.0, nj_per_spike=250.0, spikes_per_s=1e5, leakage_uw=100.0, idle_uw=50.0)
    assert clocked * 0.25 + 50 * (1 - clocked / 1e5) + 100 == pytest.approx(800)
    assert spikes_within(800.0, nj_per_spike=250.0, spikes_per_s=2000.0) == 2000
    assert spikes_within(50.0, nj_per_spike=250.0, spikes_per_s=2000.0, leakage_uw=100.0) == 0


def test_no_more_channels_than_it_can_keep_up_with() -> None:
    found = budget(
        nj_per_spike=1.0,
        isolated_nj_per_spike=1.0,
        leakage_uw=0.0,
        idle_uw=0.0,
        idle_clocked_uw=0.0,
        cells_um2=1e6,
        macros_um2=0.0,
        placement_density=0.7,
        spikes_per_s=400.0,
        raw_bits_per_spike=768.0,
        wire_bits_per_spike=32.0,
    )
    assert found.channels_within_limit == 20
