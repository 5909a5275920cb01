"""A short recording through the benchmark."""

import json
from pathlib import Path

from benchmarks.recording import CompressedRecording, main, tile

ROOT = Path(__file__).resolve().parents[2]


def test_it_compresses_what_it_makes(tmp_path: Path) -> None:
    main(codec="lite_probe", channels=8, seconds=4.0, rate_hz=10.0, n_jobs=2, folder=tmp_path)
    told = json.loads((tmp_path / "recording.json").read_text(encoding="utf-8"))
    assert told["seconds"] == 4.0
    assert 200 < told["events"] < 400  # of 320 spikes, some fall together, and some are two peaks
    assert told["wall_per_recorded_s"] == told["wall_s"] / 4
    assert abs(tile(8, 10.0, 30_000.0)).max() > 50


def test_the_document_tells_the_stored_result() -> None:
    kept = CompressedRecording.model_validate_json((ROOT / "benchmarks/results/recording.json").read_bytes())
    text = (ROOT / "docs/codec.md").read_text(encoding="utf-8")
    told = " ".join(text[text.index("A long recording,") :].split())
    for part in (
        f"{kept.seconds:g} s of {kept.channels} channels with {kept.rate_hz:g} spikes/s each ({kept.events:,} events)",
        f"`{kept.codec}`, took {kept.wall_s:.0f} s on {kept.n_jobs} threads of an {kept.processor}",
        f"{kept.wall_per_recorded_s:.2f} of real time, {kept.cpu_per_recorded_s:.2f} s of a core per recorded second",
        f"from {kept.baseline_memory_mib:.0f} MiB, imports and made samples, to {kept.peak_memory_mib:.0f} MiB",
    ):
        assert part in told
    assert kept.wall_per_recorded_s < 1
    assert kept.peak_memory_mib < 1024
