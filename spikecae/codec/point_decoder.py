"""One operating point of a decoder: indices to latents, and to waveforms by the network of this point."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.codec.blocks import checked_indices
from spikecae.codec.container import check_lsb
from spikecae.codec.decoder_network import DecoderNetwork
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.front_end.adc import codes_to_units
from spikecae.spec import EncoderSpec

__all__ = ["DECODED_AT_A_TIME", "PointDecoder"]

DECODED_AT_A_TIME = 64
"""Blocks. ONNX Runtime gains nothing from more."""


class PointDecoder:
    """Undoes the encoder of a ``spec``, with the decoder network in a file that is opened when first needed."""

    def __init__(self, spec: EncoderSpec, network: Path) -> None:
        self.spec = spec
        self._network_path = network

    @cached_property
    def network(self) -> DecoderNetwork:
        """The decoder network."""
        return DecoderNetwork(self._network_path, self.spec)

    def latents(self, indices: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Latents (n, N, T) of indices (n, S): integers times a power of two.

        Raises:
            InputError: these are not S indices a block, or an index is none that packets of this spec have.
        """
        spec, shape = self.spec, (self.spec.latents.channels, self.spec.latents.samples)
        indices = checked_indices(indices, spec)
        return spec.quantizer.dequantize(indices, shape[0] * shape[1]).reshape(len(indices), *shape)

    def waveforms(self, indices: NDArray[np.integer[Any]], adc: Adc) -> NDArray[np.float32]:
        """Snippets (n, M, D) in recording units, the converter's and the normalization's work undone.

        Raises:
            InputError: these are not S indices a block, or an index is none that packets of this spec have; or ``adc``
                is not the converter of this spec.
            DecoderNetworkError: ONNX Runtime or the network is missing, or the network is of another design.
        """
        spec = self.spec
        indices = checked_indices(indices, spec)
        _check_adc(adc, spec)
        waveforms = np.empty((len(indices), spec.spikes, spec.samples), np.float32)
        for first in range(0, len(indices), DECODED_AT_A_TIME):
            part = slice(first, first + DECODED_AT_A_TIME)
            normalized = self.network.run(self.latents(indices[part]))
            waveforms[part] = codes_to_units(spec.source.undo(normalized), adc)
        return waveforms


def _check_adc(adc: object, spec: EncoderSpec) -> None:
    if not isinstance(adc, Adc):
        raise InputError(f"adc = {adc!r} is no converter; give a spikecae.design.Adc, such as a file's header.adc")
    if adc.bits != spec.adc_bits:
        raise InputError(
            f"adc has {adc.bits} bits, and the spec of {spec.design!r} takes {spec.adc_bits}; give the converter that "
            f"the codes are of"
        )
    try:
        check_lsb(adc.lsb)
    except ValueError as error:
        raise InputError(f"adc.lsb: {error}; give the recording's units per step") from None
