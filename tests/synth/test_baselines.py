"""Figures kept from before: what is told, and what fails."""

from benchmarks.silicon import Baseline, Kept, compare


def test_better_worse_and_missing() -> None:
    kept = {
        "energy_nj_per_spike": 100.0,
        "channels_within_limit": 50.0,
        "cells_mm2": 2.0,
        "leakage_uw": 1.0,
        "critical_path_ns": 10.0,
    }
    baseline = Baseline(
        design="tiny",
        target="small",
        spec_hash="0",
        blocks=1,
        figures={name: Kept(value=value, tolerance=0.02) for name, value in kept.items()},
    )
    found = {
        "energy_nj_per_spike": 103.0,
        "channels_within_limit": 48.0,
        "cells_mm2": 2.03,
        "leakage_uw": 0.5,
        "fresh": 1.0,
    }
    lines, worse = compare(baseline, found)
    assert worse == ["channels_within_limit", "critical_path_ns", "energy_nj_per_spike"]
    text = "\n".join(lines)
    assert "▲ +3.0 %" in text
    assert "▼ -50.0 %" in text
    assert "fresh                    new" in text
    assert compare(baseline, kept)[1] == []
