"""The golden model: the encoder in exact integers, many blocks at a time, with a tap at every stage."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import Integers, rshift_round, saturate
from spikecae.bitstream.huffman import code_words, encode_blocks
from spikecae.cores import usable_cores
from spikecae.network import Network
from spikecae.search import nearest
from spikecae.spec import EncoderSpec
from spikecae.stages import Normalize, VectorQuantizer

__all__ = ["EncodedBlocks", "Golden", "encode", "normalize", "search"]


@dataclass(frozen=True, eq=False)
class EncodedBlocks:
    """What the encoder made of a batch of blocks."""

    indices: NDArray[np.int32]
    """(blocks, S) codeword of each sub-vector."""
    payloads: list[bytes]
    """Huffman bits of each block, zero-padded to a byte."""
    payload_bits: NDArray[np.int64]
    """(blocks,) Huffman bits without the padding."""
    taps: dict[str, Integers]
    """Output of every stage by name, (blocks, channels, samples); ``vq`` is (blocks, S)."""


class Golden:
    """The golden model of one spec, made ready to run on all cores that this process may use.

    One thread at a time may call it.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._networks = [Network(spec)]

    def indices(self, adc: NDArray[np.int16], present: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
        """Codewords (blocks, S) of blocks, keeping no taps; arguments as for :func:`encode`."""
        x = self._normalized(adc, present)
        chunk = self._networks[0].blocks_at_a_time
        chunks = -(-len(x) // chunk)
        size = chunk * max(1, -(-chunks // usable_cores()))  # whole chunks, which have their buffers ready
        parts = [x[first : first + size] for first in range(0, max(1, len(x)), size)]
        if len(parts) == 1:
            return self._indices(self._networks[0], x)
        self._networks += [Network(self.spec) for _ in range(len(parts) - len(self._networks))]
        with ThreadPoolExecutor(len(parts)) as pool:
            return np.concatenate(list(pool.map(self._indices, self._networks, parts)))

    def _indices(self, network: Network, x: Integers) -> NDArray[np.int32]:
        latents = np.empty((len(x), self.spec.project.outputs, self.spec.latent_samples), np.int8)
        for part, name, tap in network.run(x):
            if name == self.spec.project.name:
                _store(tap, latents[part])
        return self._search(latents)

    def encode(self, adc: NDArray[np.int16], present: NDArray[np.bool_] | None = None) -> EncodedBlocks:
        """Everything that the encoder makes of blocks; arguments as for :func:`encode`."""
        spec = self.spec
        x = self._normalized(adc, present)
        taps: dict[str, Integers] = {spec.normalize.name: x}
        for part, name, tap in self._networks[0].run(x):
            if name not in taps:
                groups, channels, _, samples = tap.shape
                taps[name] = np.empty((len(adc), groups * channels, samples), np.int64)
            _store(tap, taps[name][part])
        indices = self._search(taps[spec.project.name])
        taps[spec.vq.name] = indices.astype(np.int64)
        tables = spec.huffman.tables
        _, lengths = code_words(indices, tables, spec.table_of)
        return EncodedBlocks(
            indices=indices,
            payloads=encode_blocks(indices, tables, spec.table_of),
            payload_bits=lengths.sum(axis=1),
            taps=taps,
        )

    def _search(self, latents: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        return search(self.spec.vq, latents.reshape(len(latents), latents.shape[1] * latents.shape[2]))

    def _normalized(self, adc: NDArray[np.int16], present: NDArray[np.bool_] | None) -> Integers:
        spec = self.spec
        if adc.ndim != 3 or adc.shape[1:] != (spec.spikes, spec.samples):
            raise ValueError(f"blocks must be (n, {spec.spikes}, {spec.samples}) for {spec.design!r}, got {adc.shape}")
        x = normalize(spec.normalize, adc)
        return x if present is None else np.where(present[:, :, None], x, 0)


def _store(tap: NDArray[Any], out: NDArray[Any]) -> None:
    """Write (groups, channels, blocks, samples) as (blocks, channels, samples)."""
    groups, channels, blocks, samples = tap.shape
    out.reshape(blocks, groups, channels, samples)[...] = tap.transpose(2, 0, 1, 3)


def encode(spec: EncoderSpec, adc: NDArray[np.int16], present: NDArray[np.bool_] | None = None) -> EncodedBlocks:
    """Encode blocks exactly as the hardware does.

    Args:
        spec: the encoder.
        adc: (blocks, M, D) ADC codes.
        present: (blocks, M), False for the missing spikes of a partial block; all present by default.

    Raises:
        ValueError: ``adc`` has another shape than the spec's blocks.
    """
    return Golden(spec).encode(adc, present)


def normalize(stage: Normalize, adc: NDArray[np.int16]) -> Integers:
    """ADC codes (..., D) to signed 8 bit."""
    centred = adc.astype(np.int64) - stage.offset
    return saturate(rshift_round(centred * stage.gain, stage.shift), 8, signed=True)


def search(stage: VectorQuantizer, latents: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Nearest codeword of every sub-vector; the lowest index on a tie.

    Args:
        stage: codebooks and the table of sub-vectors.
        latents: (blocks, N · T) signed 8-bit latents, feature after feature.

    Returns:
        (blocks, S) indices.
    """
    indices = np.empty((len(latents), len(stage.table)), dtype=np.int32)
    for number, codebook in enumerate(stage.codebooks):
        positions = [position for position, part in enumerate(stage.table) if part.codebook == number]
        offsets = np.array([stage.table[position].offset for position in positions], dtype=np.intp)
        length = codebook.words.shape[1]
        vectors = latents.astype(np.int8)[:, offsets[:, None] + np.arange(length)]
        indices[:, positions] = nearest(codebook, vectors.reshape(-1, length)).reshape(len(latents), len(positions))
    return indices
