"""Operating points: the chip's is switched at random while it encodes, and each packet compared with its own point's
golden."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.host.register_map import register
from sim.batch import BatchSimulator, Pauses, ProtocolError
from sim.compare import Comparison, compare
from sim.emitted import load_manifest, load_writes
from sim.results import OtherTop
from sim.verilate import Progress, build_library
from spikecae.golden import EncodedBlocks, encode
from spikecae.spec import EncoderSpec

__all__ = ["encode_at", "points_of", "run_points"]

TAG = slice(5, 7)
"""Bytes of a packet that hold its spec's tag."""

PAUSES = (Pauses(0.3), Pauses(0.4, length=20))
"""Of input and output."""
MOST_BLOCKS = 3
"""Between two writes of the register."""


def run_points(
    specs: Sequence[EncoderSpec],
    rtl_dir: Path,
    adc: NDArray[np.int16],
    models: Path,
    *,
    seed: int = 1,
    progress: Progress | None = None,
) -> OtherTop:
    """Run blocks (n, M, D), a packet each, with pauses at both ends; every stage and byte is compared.

    Args:
        specs: of all operating points, as the chip numbers them.
        rtl_dir: where the chip was emitted to.
        adc: blocks; the point is written at random, about once for every other one.
        models: where compiled models are kept.
        seed: of what is written when, and of the pauses.
        progress: told how much is compiled.

    Returns:
        Its mismatches count a chip that ends at another point than was asked for last, too.
    """
    manifest = load_manifest(rtl_dir)
    library = build_library(rtl_dir / manifest.verilog, manifest, models, progress=progress)
    rng = np.random.default_rng(seed)
    with BatchSimulator(library, manifest, load=load_writes(rtl_dir, manifest)) as simulator:
        simulator.pause(inputs=PAUSES[0], outputs=PAUSES[1], seed=seed)
        asked = 0
        simulator.feed(adc[:-1])
        while simulator.frames < len(adc) - 1:
            asked = int(rng.integers(len(specs)))
            simulator.step(int(rng.integers(manifest.cycles_per_block)))
            simulator.write(register("point").offset, asked)
            simulator.run(min(len(adc) - 1, simulator.frames + int(rng.integers(1, MOST_BLOCKS + 1))))
        simulator.step(2 * manifest.latency_cycles)
        simulator.feed(adc[-1:])
        simulator.run(len(adc))
        points = points_of(simulator.packets, specs)
        result = _compared(simulator, specs, adc, points)
    return OtherTop(
        verilog=f"{manifest.verilog} at {len(specs)} points",
        blocks=len(adc),
        values_compared=result.values,
        mismatches=result.total + (points[-1] != asked),
        first_mismatch=result.first,
        left_over=0,
    )


def points_of(packets: Sequence[bytes], specs: Sequence[EncoderSpec]) -> list[int]:
    """The operating point of each packet, by its tag.

    Raises:
        ProtocolError: it is no spec's.
    """
    tags = [int.from_bytes(packet[TAG]) for packet in packets]
    known = {spec.tag: point for point, spec in enumerate(specs)}
    wrong = sorted({f"{tag:04x}" for tag in tags if tag not in known})
    if wrong:
        raise ProtocolError(f"packets carry tags {wrong}; those of the specs are {[f'{tag:04x}' for tag in known]}")
    return [known[tag] for tag in tags]


def encode_at(specs: Sequence[EncoderSpec], adc: NDArray[np.int16], points: Sequence[int]) -> EncodedBlocks:
    """What golden makes of blocks (n, M, D), each at the point of its own."""
    made = [encode(spec, adc) for spec in specs]
    chosen = [made[point] for point in points]
    return EncodedBlocks(
        indices=np.stack([own.indices[n] for n, own in enumerate(chosen)]),
        payloads=[own.payloads[n] for n, own in enumerate(chosen)],
        payload_bits=np.array([own.payload_bits[n] for n, own in enumerate(chosen)]),
        taps={name: np.stack([own.taps[name][n] for n, own in enumerate(chosen)]) for name in made[0].taps},
    )


def _compared(
    simulator: BatchSimulator, specs: Sequence[EncoderSpec], adc: NDArray[np.int16], points: Sequence[int]
) -> Comparison:
    golden = encode_at(specs, adc, points)
    return compare(simulator.manifest, golden, simulator.take_taps(len(adc)), simulator.payloads)
