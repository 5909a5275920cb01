"""Spikes of a recording, encoded and decoded: what an evaluation looks at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events
from spikecae.bitstream.huffman import positions
from spikecae.bitstream.payload import wire_bits
from spikecae.codec import BLOCKS_PER_PACKET, ENCODED_AT_A_TIME
from spikecae.codec.point_decoder import PointDecoder
from spikecae.codec.spec_folder import network_in
from spikecae.golden import Golden
from spikecae.golden.step import bits_of
from spikecae.recordings.finder import too_few
from spikecae.recordings.prepared import Prepared

__all__ = ["LEAST_BLOCKS", "Sample", "take_sample"]

LEAST_BLOCKS = 50
"""Below, no figure means anything."""
MOST_STRETCHES = 64
"""Of a long recording, spread over all of it: what bounds memory and time."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Whole blocks, in order of time.

    Attributes:
        original, decoded: float32 ``[B, M, D]``, in the file's unit.
        codes: int16 ``[B, M, D]``.
        bits: int64 ``[B]``, of each block's Huffman codes, escapes included.
        channels: int64 ``[B]``, of the peak.
        times: int64 ``[B]`` or ``[B, M]``, of a neighbourhood or of each spike of a queue, through all segments.
        wire_bits: of all packets, with events and framing.
        escaped: share of the symbols that say that levels lie outside of the code's table; None without such symbols.
        clipped: share of the samples beyond the converter's range.
        looked_at_s: seconds of the recording that the spikes are of.
    """

    original: NDArray[np.float32]
    decoded: NDArray[np.float32]
    codes: NDArray[np.int16]
    bits: NDArray[np.int64]
    channels: NDArray[np.int64]
    times: NDArray[np.int64]
    wire_bits: int
    escaped: float | None
    clipped: float
    looked_at_s: float


def take_sample(prepared: Prepared, jobs: int, *, progress: bool) -> Sample:
    """The spikes of all stretches, or of some at equal distances, there and back through the codec.

    Raises:
        InputError: there are too few.
    """
    spec = prepared.codec.spec
    formed = [part for part in prepared.blocks(jobs, progress=progress, most=MOST_STRETCHES) if not part.missing]
    blocks = sum(len(part.codes) for part in formed)
    if blocks < LEAST_BLOCKS:
        of_block = spec.spikes if prepared.codec.design.block.kind == "queue" else 1
        raise too_few(prepared.source, prepared.codec, blocks * of_block, LEAST_BLOCKS * of_block)
    codes = np.concatenate([part.codes for part in formed])
    events = Events(
        np.concatenate([part.events.channels for part in formed]),
        np.concatenate([part.events.times for part in formed]),
    )
    golden, decoder = Golden(spec), PointDecoder(spec, network_in(prepared.codec.folder))
    indices = np.concatenate(
        [golden.indices(codes[at : at + ENCODED_AT_A_TIME]) for at in range(0, blocks, ENCODED_AT_A_TIME)]
    )
    bits = np.concatenate(
        [
            bits_of(spec.coder, indices[at : at + ENCODED_AT_A_TIME], spec.symbols)[1]
            for at in range(0, blocks, ENCODED_AT_A_TIME)
        ]
    )
    sizes, _, escaped_by = positions(spec.symbols)
    by = np.unique(escaped_by[escaped_by >= 0])
    return Sample(
        original=np.concatenate([part.snippets for part in formed]),
        decoded=decoder.waveforms(indices, prepared.adc),
        codes=codes,
        bits=np.asarray(bits, np.int64),
        channels=events.channels,
        times=events.times.reshape(blocks, -1) if len(events.times) > blocks else events.times,
        wire_bits=wire_bits(bits, blocks_per_packet=BLOCKS_PER_PACKET, spikes=spec.spikes, events=events),
        escaped=float(np.mean(indices[:, by] == sizes[by] - 1)) if by.size else None,
        clipped=prepared.scale.clipped / max(1, prepared.scale.samples),
        looked_at_s=prepared.looked_at_s,
    )
