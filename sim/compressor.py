"""The compressor, raw samples to packets, against golden detector and host encoder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.files import COMPRESSOR, layout_verilog
from rtl.host.register_map import register
from sim.batch import BatchSimulator, Pauses
from sim.compare import OUTPUT
from sim.emitted import load_manifest, load_writes
from sim.results import Mismatch, OtherTop
from sim.verilate import Progress, build_library
from spikecae.bitstream.packets import Sidecar
from spikecae.bitstream.payload import Events, write_blocks
from spikecae.front_end.detector import SpikeDetector
from spikecae.front_end.front_end import FrontEnd
from spikecae.golden import encode
from spikecae.spec import EncoderSpec

__all__ = ["SIDECAR", "expected_packets", "plant", "run_compressor"]

SIDECAR = Sidecar.SPIKE
"""Channel and time of every spike."""
RUN_AND_FLUSH = 3
QUIET = 5.0
"""The spikes' median magnitude over the standard deviation of the noise between them."""


def plant(front_end: FrontEnd, blocks: NDArray[np.int16], seed: int) -> NDArray[np.int64]:
    """A raw recording with the spikes of some blocks in it, behind the frames in which a detector settles.

    Args:
        front_end: whose channels and neighbourhoods.
        blocks: (n, M, D) codes; of a queue, each spike is its own event.
        seed: of noise, places and times.

    Returns:
        (frames, channels) codes. Noise is normal, with a fifth of the blocks' median magnitude.
    """
    rng = np.random.default_rng(seed)
    events = blocks.astype(np.int64) - front_end.zero
    if not front_end.neighbours:
        events = events.reshape(-1, 1, events.shape[-1])
    sigma = max(1.0, float(np.median(np.abs(events))) / QUIET)
    samples, spacing = events.shape[-1], events.shape[-1] + front_end.rival_time + 1
    starts = front_end.settling + np.arange(len(events)) * spacing + rng.integers(0, spacing - samples, len(events))
    frames = front_end.settling + len(events) * spacing + front_end.frames
    x = rng.normal(0, sigma, (frames, front_end.channels))
    for start, event in zip(starts, events, strict=True):
        peak = int(rng.integers(front_end.channels))
        row = front_end.neighbours[peak] if front_end.neighbours else (peak,)
        x[start : start + samples, list(row)] += event.T
    codes: NDArray[np.int64] = np.floor(x + 0.5).astype(np.int64) + front_end.zero
    return codes.clip(front_end.minimum, front_end.maximum)


def expected_packets(
    spec: EncoderSpec, front_end: FrontEnd, codes: NDArray[np.int64], *, blocks_per_packet: int = 1
) -> list[bytes]:
    """Packets with all events, as the host makes them of what the golden detector finds.

    Raises:
        ValueError: it finds nothing.
    """
    found = SpikeDetector(front_end).push(codes)
    if not len(found.times):
        raise ValueError("the golden detector finds no spike in the recording; plant more of them, or larger ones")
    spikes = found.snippets.reshape(-1, spec.samples)
    missing = -len(spikes) % spec.spikes
    present = np.arange(len(spikes) + missing) < len(spikes)
    padded = np.concatenate([spikes, np.zeros((missing, spec.samples), np.int16)])
    indices = encode(spec, padded.reshape(-1, spec.spikes, spec.samples), present.reshape(-1, spec.spikes)).indices
    times, peaks = (np.repeat(values, front_end.spikes) for values in (found.times, found.peaks))
    events = Events(peaks[:: spec.spikes], times)
    return write_blocks(
        spec, indices, blocks_per_packet=blocks_per_packet, events=events, missing=missing, sidecar=SIDECAR
    )


def run_compressor(
    spec: EncoderSpec,
    front_end: FrontEnd,
    rtl_dir: Path,
    codes: NDArray[np.int64],
    models: Path,
    *,
    spacing: int,
    progress: Progress | None = None,
) -> OtherTop:
    """Run a recording; every byte of every packet is compared.

    Samples come at full rate while the detector settles, then ``spacing`` cycles apart on average, at random.

    Args:
        spec: what was emitted.
        front_end: the detector in front of it.
        rtl_dir: where it was emitted to.
        codes: (frames, channels), from reset on.
        models: where compiled models are kept.
        spacing: cycles from sample to sample, at least 1.
        progress: told how much is compiled.
    """
    expected = expected_packets(spec, front_end, codes)
    manifest = load_manifest(rtl_dir)
    load = load_writes(rtl_dir, manifest)
    verilog = rtl_dir / layout_verilog(COMPRESSOR, manifest.memories_in_layout)
    library = build_library(verilog, manifest, models, progress=progress)
    settling = front_end.settling
    with BatchSimulator(library, manifest, load=load, top=COMPRESSOR) as simulator:
        simulator.write(register("sidecar").offset, SIDECAR)
        simulator.feed(codes[:settling].astype(np.int16))
        while simulator.waiting:
            simulator.step(simulator.waiting)
        if spacing > 1:
            simulator.pause(inputs=Pauses(1 - 1 / spacing, length=spacing), outputs=Pauses(), seed=3)
        simulator.feed(codes[settling:].astype(np.int16))
        while simulator.waiting:
            simulator.step(spacing * simulator.waiting)
        simulator.step(manifest.latency_cycles + 4 * manifest.cycles_per_block)
        simulator.write(register("control").offset, RUN_AND_FLUSH)
        simulator.step(manifest.latency_cycles + 4 * manifest.cycles_per_block)
        lost = simulator.read(register("overruns").offset)
        got, ends = simulator.output_bytes, simulator.frame_end_cycles.size
    return _compare(verilog.name, expected, got, ends, lost)


def _compare(verilog: str, expected: list[bytes], got: NDArray[np.uint8], packets: int, lost: int) -> OtherTop:
    whole = np.frombuffer(b"".join(expected), np.uint8)
    shared = min(whole.size, got.size)
    wrong = np.flatnonzero(whole[:shared] != got[:shared])
    missing = max(0, whole.size - got.size)
    first = None
    if wrong.size or missing:
        at = int(wrong[0]) if wrong.size else shared
        sizes = np.cumsum([len(packet) for packet in expected])
        packet = int(np.searchsorted(sizes, at, side="right"))
        first = Mismatch(
            stage=OUTPUT,
            block=packet,
            channel=0,
            sample=at - int(sizes[packet - 1] if packet else 0),
            expected=int(whole[at]),
            got=int(got[at]) if at < got.size else None,
        )
    return OtherTop(
        verilog=verilog,
        blocks=len(expected),
        values_compared=int(whole.size),
        mismatches=wrong.size + missing + abs(packets - len(expected)) + lost,
        first_mismatch=first,
        left_over=max(0, got.size - whole.size),
    )
