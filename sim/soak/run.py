"""Runs of blocks, each from a reset on with data and pauses of its own, every stage and byte against golden."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from rtl.manifest import Manifest
from sim.batch import BatchSimulator, Pauses
from sim.compare import compare
from sim.grade.blocks import blocks_of_all_kinds
from sim.results import Mismatch
from sim.stage import count_left_over
from spikecae.golden import encode
from spikecae.spec import EncoderSpec

__all__ = ["RUN_BLOCKS", "Outcome", "Soak", "Soaked", "soak"]

RUN_BLOCKS = 512
"""Blocks from one reset to the next: bounds the memory that taps and bytes take."""
PAUSES = (Pauses(), Pauses(0.3), Pauses(0.6, length=40))
"""Of input and output, by turns: no two neighbouring runs have the same."""


@dataclass(frozen=True)
class Soak:
    """What is run."""

    spec: EncoderSpec
    library: Path
    manifest: Manifest
    load: list[tuple[int, int]]


@dataclass(frozen=True)
class Outcome:
    """Of one run."""

    blocks: int
    values: int
    mismatches: int
    first: Mismatch | None


class Soaked(BaseModel):
    """``soak.json``: what was run, and how long the whole would take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    channels: int
    spikes_per_s: float
    """Of each channel."""
    hours: float
    """Of all channels that were run."""
    spikes: int
    blocks: int
    values: int
    mismatches: int
    """Values, and what was left over."""
    first_mismatch: Mismatch | None
    processes: int
    wall_s: float
    blocks_per_s: float
    hour_wall_s: float
    """That an hour of all channels would take here, at this pace."""

    def __str__(self) -> str:
        return (
            f"{self.design}: {self.hours:.4f} hours of {self.channels} channels at {self.spikes_per_s:g} spikes/s: "
            f"{self.blocks:,} blocks, {self.mismatches} mismatches in {self.values:,} values; {self.blocks_per_s:.0f} "
            f"blocks/s in {self.processes} processes, a whole hour takes {self.hour_wall_s / 3600:.1f} hours"
        )


def soak(work: Soak, blocks: int, processes: int, first: int = 0) -> Iterator[Outcome]:
    """Run at least so many blocks, in whole runs.

    Args:
        work: the chip.
        blocks: how many.
        processes: runs at a time.
        first: number of the first run, which is the seed of its data: others begin where one has ended.
    """
    runs = range(first, first - (-blocks // RUN_BLOCKS))
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_run, (work for _ in runs), runs)


def _run(work: Soak, number: int) -> Outcome:
    spec, manifest = work.spec, work.manifest
    adc = blocks_of_all_kinds(spec, RUN_BLOCKS, number)
    golden = encode(spec, adc)
    with BatchSimulator(work.library, manifest, load=work.load, seed=number + 1) as simulator:
        inputs, outputs = PAUSES[number % 3], PAUSES[number // 3 % 3]
        simulator.pause(inputs=inputs, outputs=outputs, seed=number + 1)
        simulator.feed(adc)
        simulator.run(RUN_BLOCKS)
        result = compare(manifest, golden, simulator.take_taps(RUN_BLOCKS), simulator.payloads, number * RUN_BLOCKS)
        left_over = count_left_over(simulator)
    return Outcome(RUN_BLOCKS, result.values, result.total + left_over, result.first)
