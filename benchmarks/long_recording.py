"""``python -m benchmarks.long_recording``: memory and time of encoding all spikes of a long recording."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import track

from benchmarks.memory import peak_mib
from spikecae.bitstream.events import Events
from spikecae.codec import ENCODED_AT_A_TIME, Encoder
from spikecae.codec.container import ContainerWriter, file_header
from spikecae.design import Design, load_design
from spikecae.files import replacing, write_text

__all__ = ["LongRecording", "main", "spikes"]

MEBIBYTE = 1 << 20


class LongRecording(BaseModel):
    """``long_recording.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    channels: int
    minutes: float
    rate_hz: float
    blocks: int
    input_mib: float
    file_mib: float
    peak_memory_mib: float
    baseline_memory_mib: float
    encoding_s: float
    blocks_per_s: float
    times_real_time: float


def spikes(design: Design, blocks: int, channels: int, per_s: float) -> Iterator[tuple[NDArray[np.int16], Events]]:
    """Blocks (n, M, D) of ADC codes with their events, made as they are asked for: a spike shape of random height."""
    rng = np.random.default_rng(0)
    shape = design.block
    t = np.arange(shape.samples) - shape.samples / 3
    template = 0.4 * np.exp(-(((t - 9) / 8) ** 2)) - np.exp(-((t / 4) ** 2))
    last = 0
    for first in range(0, blocks, ENCODED_AT_A_TIME):
        count = min(ENCODED_AT_A_TIME, blocks - first)
        heights = rng.uniform(20, 200, (count, 1, 1)) * rng.uniform(0.2, 1, (count, shape.spikes, 1))
        noise = rng.normal(0, 4, (count, shape.spikes, shape.samples))
        steps = rng.exponential(design.recording.sampling_rate_hz / per_s, count)
        times = last + np.cumsum(steps).astype(np.int64)
        last = int(times[-1])
        yield (heights * template + noise).astype(np.int16), Events(rng.integers(0, channels, count), times)


def main(
    design: Annotated[str, typer.Option(help="A design with a shipped spec.")] = "neuropixels",
    channels: Annotated[int, typer.Option(min=1)] = 384,
    minutes: Annotated[float, typer.Option(min=0)] = 10.0,
    rate_hz: Annotated[float, typer.Option(help="Blocks per channel and second.")] = 20.0,
    folder: Annotated[Path, typer.Option(help="Where the result is written.")] = Path("build/benchmarks"),
) -> None:
    """Encode the spikes of a recording into a .scae file, and report the peak of memory over all of it."""
    chip = load_design(Path("designs") / f"{design}.toml")
    encoder = Encoder.from_spec(Path("designs") / design, epoch=0)
    blocks = round(channels * minutes * 60 * rate_hz)
    baseline, spent = peak_mib(), 0.0
    console = Console(highlight=False)
    path = folder / "long_recording.scae"
    with replacing(path) as file:
        header = file_header(encoder.spec, chip.adc, chip.recording.unit, blocks=blocks, epoch=0)
        container = ContainerWriter(file, header)
        batches = spikes(chip, blocks, channels, channels * rate_hz)
        for codes, events in track(batches, "encode", -(-blocks // ENCODED_AT_A_TIME), console=console):
            start = time.perf_counter()
            container.write(encoder.encode(codes, events))
            spent += time.perf_counter() - start
        container.write(encoder.flush())
        container.close()
    size = path.stat().st_size
    path.unlink()
    result = LongRecording(
        design=design,
        channels=channels,
        minutes=minutes,
        rate_hz=rate_hz,
        blocks=blocks,
        input_mib=2 * blocks * chip.block.spikes * chip.block.samples / MEBIBYTE,
        file_mib=size / MEBIBYTE,
        peak_memory_mib=peak_mib(),
        baseline_memory_mib=baseline,
        encoding_s=spent,
        blocks_per_s=blocks / spent,
        times_real_time=minutes * 60 / spent,
    )
    write_text(folder / "long_recording.json", result.model_dump_json(indent=1) + "\n")
    console.print(
        f"{blocks} blocks, {result.input_mib:.0f} MiB of codes, to {result.file_mib:.1f} MiB in {spent:.0f} s of "
        f"encoding: {result.blocks_per_s:.0f} blocks/s, {result.times_real_time:.1f} times real time; "
        f"peak memory {result.peak_memory_mib:.0f} MiB, {baseline:.0f} of them before the first block"
    )


if __name__ == "__main__":
    typer.run(main)
