"""Stage ``sim``: run the emitted Verilog on blocks, compare every stage with golden, measure cycles."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.host.register_map import register
from rtl.lint import HARMLESS
from rtl.manifest import Manifest
from sim.batch import BatchSimulator, Pauses
from sim.compare import Comparison, compare
from sim.compressor import plant, run_compressor
from sim.emitted import load_manifest, load_writes
from sim.points import run_points
from sim.results import CyclesPerBlock, Escapes, Latency, OtherTop, SimulationResults, Speed
from sim.toolchain import require
from sim.verilate import build_library, lint
from spikecae.files import replaced, write_text
from spikecae.front_end.front_end import FrontEnd
from spikecae.golden import encode
from spikecae.spec import EncoderSpec

__all__ = ["SimulationError", "run_layout", "simulate"]

CHUNK = 32
"""Blocks compared at a time: bounds the memory that taps take (about 60 kB a block for ``neuropixels``)."""
FILLING = 4
"""First blocks of a run, which fill the input buffer and the pipeline: no steady state yet."""
WAVE_BLOCKS = 2
PAUSED_BLOCKS = 16
PAUSES = (Pauses(0.3), Pauses(0.6, length=40))
"""Input and output pauses of the second run: short gaps between samples, long waits of the reader."""

Progress = Callable[[str, int, int], None]


class SimulationError(RuntimeError):
    """The encoder is not what it should be. The report was written; the message lists what is wrong."""


def simulate(
    spec: EncoderSpec,
    rtl_dir: Path,
    adc: NDArray[np.int16],
    out_dir: Path,
    *,
    blocks: int = 256,
    waves: bool = False,
    cocotb: bool = False,
    models: Path | None = None,
    front_end: FrontEnd | None = None,
    sample_cycles: int = 1,
    points: Sequence[EncoderSpec] = (),
    progress: Progress | None = None,
) -> SimulationResults:
    """Prove the emitted encoder equal to the golden model on blocks, and measure it.

    Args:
        spec: what the encoder was emitted from; with several operating points, that of point 0.
        rtl_dir: folder with ``spike_encoder.v`` and ``manifest.json``.
        adc: (n, M, D) ADC codes; the first ``blocks`` are run, all of them if there are fewer.
        out_dir: gets ``results.json``, and ``waves.vcd`` if asked for.
        blocks: at most so many.
        waves: write the waveforms of the first blocks.
        cocotb: also run the cocotb bench, on every simulator installed.
        models: where compiled models are kept; ``verilated`` beside ``rtl_dir`` by default.
        front_end: the detector in front of the encoder, where there is one: the compressor is run too.
        sample_cycles: clock cycles from one of its input samples to the next.
        points: specs of the further operating points: the encoder is also run while its point is switched.
        progress: called with the step's name, how much is done, and of how much.

    Raises:
        ValueError: the Verilog is another spec's, or there are too few blocks to measure the steady state.
        MissingToolError: a tool is not installed.
        BuildError, HangError, ProtocolError: the Verilog does not compile, gets stuck, or breaks AXI4-Stream.
        SimulationError: a value differs or the throughput is not as predicted; ``results.json`` says which.
    """
    versions = require("verilator", "g++")
    manifest = load_manifest(rtl_dir)
    if [manifest.spec_hash, *manifest.point_hashes] != [own.hash for own in (spec, *points)]:
        emitted = ", ".join(own[:12] for own in (manifest.spec_hash, *manifest.point_hashes))
        given = ", ".join(own.hash[:12] for own in (spec, *points))
        raise ValueError(f"{rtl_dir} was emitted from spec {emitted}, not {given}; run the rtl stage anew")
    adc = adc[:blocks]
    if len(adc) < 2 * FILLING:
        raise ValueError(f"{len(adc)} blocks are too few to measure the steady state; give at least {2 * FILLING}")
    tell = progress or (lambda step, done, total: None)
    out_dir.mkdir(parents=True, exist_ok=True)
    verilog = rtl_dir / manifest.verilog
    models = models or rtl_dir.parent / "verilated"
    library = build_library(verilog, manifest, models, progress=progress)

    paused = adc[:PAUSED_BLOCKS]
    load = load_writes(rtl_dir, manifest)
    with BatchSimulator(library, manifest, load=load) as simulator:
        latency = measure_latency(simulator, adc[0])
        started = time.perf_counter(), simulator.cycles
        parts = []
        for part in run_blocks(simulator, spec, adc):
            parts.append(part)
            tell("blocks", min(len(parts) * CHUNK, len(adc)), len(adc))
        ends = simulator.frame_end_cycles
        left_over = count_left_over(simulator)
        escapes = simulator.read(register("escapes").offset)
        speed = (simulator.cycles - started[1]) / (time.perf_counter() - started[0]) / 1000
        simulator.reset()
        simulator.pause(inputs=PAUSES[0], outputs=PAUSES[1], seed=1)
        parts += run_blocks(simulator, spec, paused)
        left_over += count_left_over(simulator)
        escapes += simulator.read(register("escapes").offset)
    wave_file = write_waves(verilog, manifest, load, models, adc, out_dir, progress) if waves else None
    benches = []
    if cocotb:
        from sim.cocotb_run import run_benches

        benches = run_benches(spec, rtl_dir, adc, models, points)

    others = []
    if manifest.layout_verilog != manifest.verilog:
        others.append(run_layout(spec, manifest, rtl_dir, paused, models, progress))
    if front_end is not None:
        codes = plant(front_end, paused, seed=1)
        others.append(run_compressor(spec, front_end, rtl_dir, codes, models, spacing=sample_cycles, progress=progress))

    if points:
        others.append(run_points((spec, *points), rtl_dir, adc, models, progress=progress))

    mismatches = {stage: sum(part.mismatches[stage] for part in parts) for stage in parts[0].mismatches}
    cycles = steady_state(ends, manifest.cycles_per_block, numbers_sent(spec, adc))
    results = SimulationResults(
        design=manifest.design,
        spec_hash=manifest.spec_hash,
        fold=manifest.fold,
        verilog_sha256=hashlib.sha256(verilog.read_bytes()).hexdigest(),
        simulator=f"Verilator {versions['verilator']}",
        blocks=len(adc),
        paused_blocks=len(paused),
        values_compared=sum(part.values for part in parts),
        mismatches=sum(mismatches.values()),
        mismatches_by_stage=mismatches,
        first_mismatch=next((part.first for part in parts if part.first is not None), None),
        left_over=left_over,
        escapes=Escapes(expected=escapes_sent(spec, adc) + escapes_sent(spec, paused), counted=escapes),
        cycles_per_block=cycles,
        latency_cycles=Latency(predicted=manifest.latency_cycles, measured=latency),
        multiplier_utilisation=round(manifest.utilisation * manifest.cycles_per_block / cycles.mean, 4),
        lint_warnings={kind: n for kind, n in lint(verilog, manifest.top).items() if kind not in HARMLESS},
        speed=Speed(
            kilocycles_per_s=round(speed, 1),
            method="wall clock of the full-rate run, golden model and comparison included, one thread",
        ),
        waves=wave_file,
        benches=benches,
        others=others,
    )
    write_text(out_dir / "results.json", results.model_dump_json(indent=1) + "\n")
    if results.faults:
        raise SimulationError("\n".join([f"{verilog} is not proven:", *(f"  {fault}" for fault in results.faults)]))
    return results


def run_layout(
    spec: EncoderSpec,
    manifest: Manifest,
    rtl_dir: Path,
    adc: NDArray[np.int16],
    models: Path,
    progress: Progress | None = None,
) -> OtherTop:
    """Run blocks (n, M, D) on the Verilog for a layout, at full rate and with pauses; every stage and byte compared."""
    library = build_library(rtl_dir / manifest.layout_verilog, manifest, models, progress=progress)
    with BatchSimulator(library, manifest, load=load_writes(rtl_dir, manifest)) as simulator:
        parts = list(run_blocks(simulator, spec, adc))
        left_over = count_left_over(simulator)
        simulator.reset()
        simulator.pause(inputs=PAUSES[0], outputs=PAUSES[1], seed=2)
        parts += run_blocks(simulator, spec, adc)
        left_over += count_left_over(simulator)
    return OtherTop(
        verilog=manifest.layout_verilog,
        blocks=2 * len(adc),
        values_compared=sum(part.values for part in parts),
        mismatches=sum(part.total for part in parts),
        first_mismatch=next((part.first for part in parts if part.first is not None), None),
        left_over=left_over,
    )


def measure_latency(simulator: BatchSimulator, block: NDArray[np.int16]) -> int:
    """Cycles from the last beat of one block (M, D) to its last byte, on an idle chip; resets afterwards."""
    simulator.feed(block)
    simulator.run(1)
    cycles = int(simulator.frame_end_cycles[0]) - int(simulator.input_cycles[-1])
    simulator.reset()
    return cycles


def run_blocks(simulator: BatchSimulator, spec: EncoderSpec, adc: NDArray[np.int16]) -> Iterator[Comparison]:
    """Run blocks (n, M, D) without a gap after a reset, comparing a chunk at a time."""
    simulator.feed(adc)
    for first in range(0, len(adc), CHUNK):
        part = adc[first : first + CHUNK]
        simulator.run(first + len(part))
        payloads = simulator.payloads[first : first + len(part)]
        yield compare(simulator.manifest, encode(spec, part), simulator.take_taps(len(part)), payloads, first)


def count_left_over(simulator: BatchSimulator) -> int:
    """Tap values and bytes that come in the time of two blocks, with nothing left to feed."""
    before = simulator.output_bytes.size
    simulator.step(2 * simulator.manifest.cycles_per_block + simulator.manifest.latency_cycles)
    held = sum(values.size for values in simulator.take_taps(2).values())
    return held + simulator.output_bytes.size - before


def numbers_sent(spec: EncoderSpec, adc: NDArray[np.int16]) -> float:
    """Levels of a block (n, M, D) outside of their group's box, on average."""
    symbols = spec.symbols
    by = np.array([place for place in symbols.escaped_by if place >= 0], np.intp)
    if not by.size:
        return 0.0
    reserved = np.array(symbols.sizes)[by] - 1
    return float((encode(spec, adc).indices[:, by] == reserved).sum()) / len(adc)


def escapes_sent(spec: EncoderSpec, adc: NDArray[np.int16]) -> int:
    """Reserved symbols of blocks (n, M, D): groups of levels of which one lies outside of the box."""
    symbols = spec.symbols
    by = sorted(set(symbols.escaped_by) - {-1})
    return int((encode(spec, adc).indices[:, by] == np.array(symbols.sizes)[by] - 1).sum())


def steady_state(frame_ends: NDArray[np.uint64], predicted: int, numbers: float = 0.0) -> CyclesPerBlock:
    """Throughput from the cycles in which frames ended, the first few left out; with so many numbers sent a block."""
    ends = frame_ends.astype(np.int64)[FILLING - 1 :]
    intervals = np.diff(ends)
    mean = float(ends[-1] - ends[0]) / intervals.size
    return CyclesPerBlock(
        predicted=predicted,
        mean=round(mean, 3),
        minimum=int(intervals.min()),
        median=float(np.median(intervals)),
        maximum=int(intervals.max()),
        intervals=intervals.size,
        deviation_percent=round(100 * (mean / predicted - 1), 3),
        numbers=round(numbers, 3),
    )


def write_waves(
    verilog: Path,
    manifest: Manifest,
    load: list[tuple[int, int]],
    models: Path,
    adc: NDArray[np.int16],
    out_dir: Path,
    progress: Progress | None,
) -> str:
    """Write ``waves.vcd``, the first blocks at full rate; its name."""
    library = build_library(verilog, manifest, models, waves=True, progress=progress)
    with (
        replaced(out_dir / "waves.vcd") as vcd,
        BatchSimulator(library, manifest, load=load, waves=vcd) as simulator,
    ):
        simulator.feed(adc[:WAVE_BLOCKS])
        simulator.run(WAVE_BLOCKS)
    return "waves.vcd"
