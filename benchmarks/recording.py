"""``python -m benchmarks.recording``: memory and time of compressing a raw recording of a probe."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from rich.console import Console

from benchmarks.memory import peak_mib
from sim.regress.processor import processor
from spikecae.cores import usable_cores
from spikecae.files import write_text
from spikecae.recordings.chosen import choose_codec
from spikecae.recordings.compress import compress

__all__ = ["CompressedRecording", "main", "tile"]

GAIN_UV = 2.34375
NOISE_UV = 8.0
TILE_S = 2.0
"""Of samples that are made; the recording repeats them."""
FOOTPRINT = ((0, 1.0), (1, 0.6), (-1, 0.5), (2, 0.4), (-2, 0.3))
"""Channels from the peak, and share of its height."""


class CompressedRecording(BaseModel):
    """``recording.json``; ``benchmarks/results`` keeps the one that ``docs/codec.md`` tells of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2] = 2
    processor: str
    codec: str
    channels: int
    seconds: float
    rate_hz: float
    n_jobs: int
    cores: int
    events: int
    spikes: int
    file_bytes: int
    peak_memory_mib: float
    baseline_memory_mib: float
    """Before compressing, imports and the samples that are repeated included."""
    wall_s: float
    cpu_s: float
    wall_per_recorded_s: float
    cpu_per_recorded_s: float


def tile(channels: int, rate_hz: float, sampling_rate_hz: float) -> NDArray[np.int16]:
    """Samples ``[T, C]``: noise, and so many spikes per channel and second, each on five channels."""
    rng = np.random.default_rng(0)
    samples = round(TILE_S * sampling_rate_hz)
    made = rng.normal(0, NOISE_UV, (samples, channels)).astype(np.float32)
    ms = np.arange(-20, 50) / sampling_rate_hz * 1000
    shape = -np.exp(-0.5 * (ms / 0.12) ** 2) + 0.4 * np.exp(-0.5 * ((ms - 0.5) / 0.3) ** 2)
    for _ in range(round(rate_hz * channels * TILE_S)):
        start, peak, height = rng.integers(0, samples - len(shape)), rng.integers(channels), rng.uniform(80, 300)
        for step, share in FOOTPRINT:
            if 0 <= peak + step < channels:
                made[start : start + len(shape), peak + step] += height * share * shape
    return np.asarray(np.rint(made / GAIN_UV), np.int16)


def main(
    codec: Annotated[str, typer.Option(help="A shipped design for neighbourhoods.")] = "lite_probe",
    channels: Annotated[int, typer.Option(min=4)] = 384,
    seconds: Annotated[float, typer.Option(min=1)] = 600.0,
    rate_hz: Annotated[float, typer.Option(help="Spikes per channel and second.")] = 20.0,
    n_jobs: Annotated[int, typer.Option(min=1)] = 2,
    folder: Annotated[Path, typer.Option(help="Where the result is written.")] = Path("build/benchmarks"),
) -> None:
    """Compress a recording of two columns of contacts, and report time and the peak of memory."""
    from spikeinterface.core import NumpyRecording, concatenate_recordings

    rate = choose_codec(codec).design.recording.sampling_rate_hz
    part = NumpyRecording([tile(channels, rate_hz, rate)], rate)
    place = np.arange(channels)
    part.set_dummy_probe_from_locations(np.stack([place % 2 * 32.0, place // 2 * 20.0], axis=1))
    part.set_channel_gains(GAIN_UV)
    part.set_channel_offsets(0.0)
    recording = concatenate_recordings([part] * max(1, round(seconds / TILE_S)))
    recorded_s = recording.get_num_samples() / rate
    baseline, start, cpu = peak_mib(), time.perf_counter(), time.process_time()
    with TemporaryDirectory() as temporary:
        made = compress(recording, codec, Path(temporary) / "x.scae", n_jobs=n_jobs)
    wall, spent = time.perf_counter() - start, time.process_time() - cpu
    result = CompressedRecording(
        processor=processor(),
        codec=codec,
        channels=channels,
        seconds=recorded_s,
        rate_hz=rate_hz,
        n_jobs=n_jobs,
        cores=usable_cores(),
        events=made.events,
        spikes=made.spikes,
        file_bytes=made.file_bytes,
        peak_memory_mib=peak_mib(),
        baseline_memory_mib=baseline,
        wall_s=wall,
        cpu_s=spent,
        wall_per_recorded_s=wall / recorded_s,
        cpu_per_recorded_s=spent / recorded_s,
    )
    write_text(folder / "recording.json", result.model_dump_json(indent=1) + "\n")
    Console(highlight=False).print(
        f"{recorded_s:g} s of {channels} channels, {made.events:,} events: {wall:.1f} s on {n_jobs} threads, "
        f"{result.wall_per_recorded_s:.2f} of real time, {result.cpu_per_recorded_s:.2f} s of a core per second; peak "
        f"memory {result.peak_memory_mib:.0f} MiB, {baseline:.0f} of them before"
    )


if __name__ == "__main__":
    typer.run(main)
