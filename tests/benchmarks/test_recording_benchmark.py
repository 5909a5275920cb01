"""A short recording through the benchmark."""

import json
from pathlib import Path

from benchmarks.recording import main, tile


def test_it_compresses_what_it_makes(tmp_path: Path) -> None:
    main(codec="lite_probe", channels=8, seconds=4.0, rate_hz=10.0, n_jobs=2, folder=tmp_path)
    told = json.loads((tmp_path / "recording.json").read_text(encoding="utf-8"))
    assert told["seconds"] == 4.0
    assert 200 < told["events"] < 400  # of 320 spikes, some fall together, and some are two peaks
    assert told["wall_per_recorded_s"] == told["wall_s"] / 4
    assert abs(tile(8, 10.0, 30_000.0)).max() > 50
