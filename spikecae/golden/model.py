"""The encoder in exact integers, many blocks at a time, with a tap at every stage."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import Integers
from spikecae.cores import usable_cores
from spikecae.golden.network import Network
from spikecae.golden.step import bits_of, quantize, quantizer_taps, read_source
from spikecae.spec import EncoderSpec

__all__ = ["EncodedBlocks", "Golden", "encode"]


@dataclass(frozen=True, eq=False)
class EncodedBlocks:
    """What the encoder made of a batch of blocks."""

    indices: NDArray[np.int32]
    """(blocks, S) index of each symbol."""
    payloads: list[bytes]
    """Coded bits of each block, zero-padded to a byte."""
    payload_bits: NDArray[np.int64]
    """(blocks,) coded bits without the padding."""
    taps: dict[str, Integers]
    """Output of every stage by name, (blocks, channels, samples); a search's is (blocks, S)."""


class Golden:
    """The golden model of one spec, made ready to run on all cores that this process may use.

    One thread at a time may call it.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._networks = [Network(spec)]

    def indices(self, adc: NDArray[np.int16], present: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
        """Indices (blocks, S) of blocks, keeping no taps; arguments as for :func:`encode`."""
        x = self._values(adc, present)
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
        given, last = self.spec.latents, self.spec.transforms[-1].tap
        latents = np.empty((len(x), given.channels, given.samples), np.int8 if given.bits <= 8 else np.int16)
        for part, name, tap in network.run(x):
            if name == last:
                _store(tap, latents[part])
        return self._quantized(latents)

    def encode(self, adc: NDArray[np.int16], present: NDArray[np.bool_] | None = None) -> EncodedBlocks:
        """Everything that the encoder makes of blocks; arguments as for :func:`encode`."""
        spec = self.spec
        x = self._values(adc, present)
        taps: dict[str, Integers] = {spec.source.name: x}
        for part, name, tap in self._networks[0].run(x):
            if name not in taps:
                groups, channels, _, samples = tap.shape
                taps[name] = np.empty((len(adc), groups * channels, samples), np.int64)
            _store(tap, taps[name][part])
        indices = self._quantized(taps[spec.transforms[-1].tap])
        taps |= quantizer_taps(spec.quantizer, indices)
        payloads, bits = bits_of(spec.coder, indices, spec.symbols)
        return EncodedBlocks(indices, payloads, bits, taps)

    def _quantized(self, latents: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        return quantize(self.spec.quantizer, latents.reshape(len(latents), latents.shape[1] * latents.shape[2]))

    def _values(self, adc: NDArray[np.int16], present: NDArray[np.bool_] | None) -> Integers:
        spec = self.spec
        if adc.ndim != 3 or adc.shape[1:] != (spec.spikes, spec.samples):
            raise ValueError(f"blocks must be (n, {spec.spikes}, {spec.samples}) for {spec.design!r}, got {adc.shape}")
        x = read_source(spec.source, adc)
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
