"""The codec of snippet arrays in Zarr, which numcodecs finds by its entry point."""

import os
import struct
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numcodecs.abc import Codec as Compressor
from numcodecs.compat import ensure_bytes, ensure_ndarray, ndarray_copy
from numpy.typing import NDArray

from spikecae.codec import CodedPacket, Decoder, Encoder
from spikecae.codec.spec_folder import load_codec_spec, network_in
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.front_end.adc import MOST_CLIPPED, units_to_codes
from spikecae.recordings.chosen import DESIGNS
from spikecae.spec import EncoderSpec

__all__ = ["FOLDERS", "SnippetCodec", "use_codec"]

FOLDERS = "SPIKECAE_CODECS"
"""Environment variable: folders of specs, with the system's separator between them."""
COUNT = struct.Struct("<I")
"""Blocks of a chunk; packets follow."""
SAMPLE = np.dtype("<f4")

_folders: list[Path] = []
_encoding = Lock()


def use_codec(folder: Path) -> None:
    """Let codecs that ask for the spec in ``folder`` find it, for as long as this process lives."""
    if folder not in _folders:
        _folders.append(folder)


@lru_cache
def _found(spec_hash: str) -> tuple[EncoderSpec, Decoder]:
    """The spec with this hash, of the folders told, those in the environment, and the shipped designs."""
    told = [Path(folder) for folder in os.environ.get(FOLDERS, "").split(os.pathsep) if folder]
    for folder in (*_folders, *told, *sorted(path.parent for path in DESIGNS.glob("*/spec.json"))):
        if (folder / "spec.json").is_file() and (spec := load_codec_spec(folder)).hash == spec_hash:
            return spec, Decoder(spec, network_in(folder))
    raise InputError(
        f"the snippets were encoded with spec {spec_hash[:8]}, which is not at hand; open them with "
        f"spikecae.open_snippets, or name the folder with its spec.json in the environment variable {FOLDERS}"
    )


class SnippetCodec(Compressor):  # type: ignore[misc]  # numcodecs has no types
    """Blocks ``[n, M, D]`` of float32 in recording units to packets, and back, lossy as the chip is.

    What Zarr keeps of it is this: the hash of the spec, and the converter.

    Args:
        spec_hash: of the encoder spec.
        lsb: recording units in a step of the converter.
        signed: whether the converter's codes are.
    """

    codec_id = "spikecae"

    def __init__(self, spec_hash: str, lsb: float, signed: bool = True) -> None:
        self.spec_hash, self.lsb, self.signed = spec_hash, lsb, signed

    def _adc(self, spec: EncoderSpec) -> Adc:
        return Adc(bits=spec.adc_bits, lsb=self.lsb, signed=self.signed)

    def encode(self, buf: Any) -> bytes:
        """A chunk's packets.

        Raises:
            InputError: it holds no blocks of float32, a sample is no number, or more than 1 % are clipped.
        """
        spec, _ = _found(self.spec_hash)
        snippets = self._blocks(ensure_ndarray(buf), spec)
        codes, clipped = units_to_codes(snippets, self._adc(spec))
        if clipped > MOST_CLIPPED * codes.size:
            raise InputError(
                f"{100 * clipped / codes.size:.1f} % of the samples lie beyond the converter's range, "
                f"{100 * MOST_CLIPPED:g} % may; give a larger lsb than {self.lsb:g}"
            )
        encoder = Encoder(spec, signed=self.signed)
        with _encoding:
            return COUNT.pack(len(codes)) + encoder.encode(codes) + encoder.flush()

    def decode(self, buf: Any, out: Any = None) -> Any:
        """The chunk's blocks, one after the other.

        Raises:
            InputError: packets are damaged or missing.
        """
        spec, decoder = _found(self.spec_hash)
        data = ensure_bytes(buf)
        reader = Decoder(spec, Path())
        items = [*reader.feed(data[COUNT.size :]), *reader.close()]
        indices = np.concatenate(
            [
                np.empty((0, len(spec.symbols)), np.int32),
                *(item.blocks.indices for item in items if isinstance(item, CodedPacket)),
            ]
        )
        (count,) = COUNT.unpack(data[: COUNT.size])
        if len(indices) != count:
            raise InputError(f"a chunk of {count} blocks has {len(indices)} that are whole; get the array anew")
        return ndarray_copy(decoder.waveforms(indices, self._adc(spec)).astype(SAMPLE, copy=False).ravel(), out)

    @staticmethod
    def _blocks(chunk: NDArray[Any], spec: EncoderSpec) -> NDArray[np.float32]:
        shape = spec.spikes, spec.samples
        whole = chunk.view(SAMPLE) if chunk.dtype == np.uint8 and chunk.ndim == 1 else chunk
        if whole.dtype != SAMPLE or whole.size % (shape[0] * shape[1]) or whole.shape[1:] not in (shape, ()):
            raise InputError(
                f"a chunk {whole.shape} of {whole.dtype}; spec {spec.hash[:8]} of {spec.design!r} takes float32 "
                f"(n, {shape[0]}, {shape[1]}): save such, in chunks of whole blocks"
            )
        return whole.reshape(-1, *shape)
