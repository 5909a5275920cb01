"""``results.json``: what the simulation of an encoder found."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["BenchResult", "CyclesPerBlock", "Escapes", "Latency", "Mismatch", "OtherTop", "SimulationResults", "Speed"]


class Record(BaseModel):
    """An immutable part of the report; unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Mismatch(Record):
    """A value that differs. ``None`` stands for a value that is missing on one side."""

    stage: str
    block: int
    channel: int
    sample: int
    expected: int | None
    got: int | None

    def __str__(self) -> str:
        return (
            f"stage {self.stage}, block {self.block}, channel {self.channel}, sample {self.sample}: "
            f"expected {self.expected}, got {self.got}"
        )


NUMBER_CYCLES = 5
"""That a level outside takes at most: it is handed on, coded, and fills two bytes."""


class CyclesPerBlock(Record):
    """Clock cycles from the end of a block's frame to the end of the next, input never idle, output never held back."""

    predicted: int
    mean: float
    """Over all of the steady state: the throughput. Single intervals scatter with the length of the Huffman codes."""
    minimum: int
    median: float
    maximum: int
    intervals: int
    """Intervals of the steady state that were measured."""
    deviation_percent: float
    """Of ``mean`` from ``predicted``."""
    numbers: float = 0.0
    """Levels of a block that lie outside of their group's box, and are sent by themselves: what they take is not in the
    prediction."""

    @property
    def fault(self) -> str | None:
        """Why it is not as predicted; None if it is."""
        most = 1.05 * self.predicted + NUMBER_CYCLES * self.numbers
        if 0.95 * self.predicted <= self.mean <= most:
            return None
        sent = f" with {self.numbers:.1f} numbers a block, {NUMBER_CYCLES} cycles each" if self.numbers else ""
        return (
            f"{self.mean:.1f} cycles per block were measured, {self.predicted} predicted{sent}: "
            f"{self.deviation_percent:+.1f} %, 5 % at most"
        )


class Latency(Record):
    """Clock cycles from a block's last input beat to its last output byte, on an idle chip."""

    predicted: int
    measured: int


class Speed(Record):
    """How fast the simulator was, wall clock, taps recorded."""

    kilocycles_per_s: float
    method: str


class BenchResult(Record):
    """A cocotb bench: its tests, each one pattern of idle cycles and back-pressure."""

    simulator: str
    blocks: int
    passed: int
    failed: int


class Escapes(Record):
    """Reserved symbols: what the chip's register has counted, and what golden sends."""

    expected: int = 0
    counted: int = 0


class OtherTop(Record):
    """Other Verilog of the same encoder, run too: with macros for memories, or behind a spike detector."""

    verilog: str
    blocks: int
    values_compared: int
    mismatches: int
    first_mismatch: Mismatch | None
    left_over: int


class SimulationResults(Record):
    """Everything that was run on an encoder, and whether it equals the golden model."""

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    fold: int
    verilog_sha256: str
    simulator: str
    blocks: int
    """Blocks run at full rate."""
    paused_blocks: int
    """Of these, blocks run again with random idle cycles at the input and back-pressure at the output."""
    values_compared: int
    """Values of all stages and bytes of all frames."""
    mismatches: int
    mismatches_by_stage: dict[str, int]
    first_mismatch: Mismatch | None
    left_over: int
    """Values and bytes that came behind the last block's."""
    escapes: Escapes = Escapes()
    cycles_per_block: CyclesPerBlock
    latency_cycles: Latency
    multiplier_utilisation: float
    """Useful multiply-accumulates over multipliers times measured cycles, convolutions only."""
    lint_warnings: dict[str, int]
    """``verilator -Wall``, by kind. Those of generated Verilog that do not matter are named in ``sim/verilate.py``."""
    speed: Speed
    waves: str | None
    benches: list[BenchResult]
    others: list[OtherTop]

    @property
    def faults(self) -> list[str]:
        """Everything that must not be, in words; empty for a proven encoder."""
        faults = []
        if self.first_mismatch is not None:
            faults.append(f"{self.mismatches} values differ from the golden model; the first: {self.first_mismatch}")
        if self.left_over:
            faults.append(f"{self.left_over} values or bytes came behind the last block")
        if self.escapes.counted != self.escapes.expected:
            faults.append(f"the chip counts {self.escapes.counted} escapes, golden {self.escapes.expected}")
        if self.cycles_per_block.fault is not None:
            faults.append(self.cycles_per_block.fault)
        for bench in self.benches:
            if bench.failed or not bench.passed:
                faults.append(f"cocotb on {bench.simulator}: {bench.failed} tests failed, {bench.passed} passed")
        for other in self.others:
            if other.mismatches or other.left_over or not other.blocks:
                faults.append(
                    f"{other.verilog}: of {other.values_compared} values of {other.blocks} blocks {other.mismatches} "
                    f"differ, {other.left_over} too many; the first: {other.first_mismatch}"
                )
        return faults

    def __str__(self) -> str:
        cycles, latency = self.cycles_per_block, self.latency_cycles
        return (
            f"{self.blocks} blocks, {self.mismatches} mismatches in {self.values_compared:,} values; "
            f"{cycles.mean:.1f} cycles per block (predicted {cycles.predicted}), latency {latency.measured} cycles "
            f"(predicted {latency.predicted}); {self.simulator}, {self.speed.kilocycles_per_s:.0f} kcycles/s"
        )
