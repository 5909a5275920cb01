"""Simulated against golden: every stage's values and the bytes that leave, equal or not.

A golden tap is (channels, samples); the chip walks it in the order that the manifest names. Comparing
reorders golden into the chip's order, so that a difference's place there gives its channel and sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl.manifest import Manifest, Tap
from sim.results import Mismatch
from spikecae.golden import EncodedBlocks

__all__ = ["OUTPUT", "Comparison", "compare"]

OUTPUT = "payload"
"""Stage name of the bytes that leave; a mismatch there gives the byte's place as ``sample``."""


@dataclass(frozen=True)
class Comparison:
    """Outcome for a run of blocks."""

    mismatches: dict[str, int]
    """Differing values of every stage compared, in pipeline order, the output bytes last."""
    values: int
    """Values compared."""
    first: Mismatch | None
    """Of the earliest stage that differs: its earliest block, then the chip's order."""

    @property
    def total(self) -> int:
        """Differing values in all."""
        return sum(self.mismatches.values())


def compare(
    manifest: Manifest,
    golden: EncodedBlocks,
    taps: dict[str, NDArray[np.integer]],
    payloads: list[bytes],
    first_block: int = 0,
) -> Comparison:
    """Compare blocks at every stage.

    Args:
        manifest: the encoder's.
        golden: what these blocks must give.
        taps: what :meth:`sim.batch.BatchSimulator.take_taps` gave for them.
        payloads: their frames.
        first_block: number of the first one, for the report.

    Raises:
        ValueError: the manifest has a tap that golden has not.
    """
    counts: dict[str, int] = {}
    first: Mismatch | None = None
    for tap in manifest.taps:
        if tap.stage not in golden.taps:
            raise ValueError(f"the manifest's tap {tap.stage!r} is no stage of the spec ({', '.join(golden.taps)})")
        expected = golden.taps[tap.stage].reshape(len(golden.payloads), -1)
        order = chip_order(tap, golden.taps[tap.stage].shape[1:])
        samples = golden.taps[tap.stage].shape[2] if golden.taps[tap.stage].ndim == 3 else 1
        used = order >= 0
        got = taps[tap.stage].astype(np.int64)
        if got.shape != (len(expected), order.size):
            counts[tap.stage] = abs(expected.size - got.size) or 1
            whole = min(got.size // order.size, len(expected) - 1)
            missing = int(order[min(got.size - whole * order.size, order.size - 1)])
            first = first or Mismatch(
                stage=tap.stage,
                block=first_block + whole,
                channel=missing // samples,
                sample=missing % samples,
                expected=int(expected[whole, missing]),
                got=None,
            )
            continue
        differs = got[:, used] != expected[:, order[used]]
        counts[tap.stage] = int(differs.sum())
        if counts[tap.stage] and first is None:
            block, at = np.unravel_index(int(differs.argmax()), differs.shape)
            place = int(order[used][at])
            first = Mismatch(
                stage=tap.stage,
                block=first_block + int(block),
                channel=place // samples,
                sample=place % samples,
                expected=int(expected[block, place]),
                got=int(got[:, used][block, at]),
            )
    values = sum(golden.taps[tap.stage].size for tap in manifest.taps) + sum(map(len, golden.payloads))
    counts[OUTPUT], differing = _compare_payloads(golden.payloads, payloads, first_block)
    return Comparison(counts, values, first or differing)


def chip_order(tap: Tap, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Flat golden index of every value of a block in the order of the chip's transfers; -1 for padding.

    Args:
        tap: whose order and width decide.
        shape: of the golden tap of one block, (channels, samples), or (sub-vectors,) for ``vector``.
    """
    places: NDArray[np.int64] = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    walked: NDArray[np.int64]
    match tap.order:
        case "vector" | "channel_time":
            walked = places.reshape(-1, 1)  # each value its own row
        case "time_channel":
            walked = places.T
        case "group_time_channel":
            groups = shape[0] // tap.elements
            walked = places.reshape(groups, tap.elements, shape[1]).transpose(0, 2, 1).reshape(-1, tap.elements)
    # The last transfer of a sample is padded where its lanes outnumber the channels left.
    padding = -walked.shape[1] % tap.elements
    return np.pad(walked, ((0, 0), (0, padding)), constant_values=-1).reshape(-1)


def _compare_payloads(expected: list[bytes], got: list[bytes], first_block: int) -> tuple[int, Mismatch | None]:
    count, first = 0, None
    for block in range(max(len(expected), len(got))):
        wanted = expected[block] if block < len(expected) else b""
        frame = got[block] if block < len(got) else b""
        for place in range(max(len(wanted), len(frame))):
            pair = tuple(data[place] if place < len(data) else None for data in (wanted, frame))
            if pair[0] != pair[1]:
                count += 1
                first = first or Mismatch(
                    stage=OUTPUT,
                    block=first_block + block,
                    channel=0,
                    sample=place,
                    expected=pair[0],
                    got=pair[1],
                )
    return count, first
