"""Blocks of snippets from NumPy's files, as ADC codes, a few at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events
from spikecae.codec.arrays import RowReader, open_arrays
from spikecae.design import Adc
from spikecae.front_end.adc import units_to_codes
from spikecae.spec import EncoderSpec

__all__ = ["SnippetSource", "open_snippets"]

SNIPPETS, CHANNELS, TIMES = "snippets", "channels", "times"


@contextmanager
def open_snippets(path: Path, spec: EncoderSpec, adc: Adc, *, scaled: bool) -> Iterator["SnippetSource"]:
    """The blocks in an ``.npy``, or in an ``.npz`` as ``snippets``, perhaps with ``channels`` and ``times``.

    Args:
        path: the file.
        spec: the encoder that is to have the blocks.
        adc: the converter.
        scaled: whether ``adc.lsb`` is known, so that floating-point samples, in recording units, can be converted.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds something else, or blocks of another shape or kind.
    """
    with open_arrays(path, SNIPPETS) as arrays:
        yield SnippetSource(path, arrays, spec, adc, scaled=scaled)


class SnippetSource:
    """An open file of blocks. ``blocks``: how many there are; ``clipped``: samples clipped so far."""

    def __init__(self, path: Path, arrays: dict[str, RowReader], spec: EncoderSpec, adc: Adc, *, scaled: bool) -> None:
        if SNIPPETS not in arrays:
            raise ValueError(f"{path}: holds {', '.join(sorted(arrays)) or 'nothing'}; an array {SNIPPETS!r} is needed")
        self._path, self._snippets, self._adc = path, arrays[SNIPPETS], adc
        shape, dtype = self._snippets.shape, self._snippets.dtype
        if shape[1:] != (spec.spikes, spec.samples) or dtype.kind not in "iuf":
            raise ValueError(
                f"{path}: snippets are {dtype} of shape {shape}; the encoder of {spec.design!r} takes numbers of shape "
                f"(n, {spec.spikes}, {spec.samples})"
            )
        if dtype.kind == "f" and not scaled:
            raise ValueError(f"{path}: snippets are {dtype}, not ADC codes; say with --lsb how many units a step is")
        self.blocks, self.clipped = shape[0], 0
        self._events = self._checked_events(arrays, spec.spikes)
        self._at = 0

    def _checked_events(self, arrays: dict[str, RowReader], spikes: int) -> tuple[RowReader, RowReader] | None:
        if not arrays.keys() & {CHANNELS, TIMES}:
            return None
        if not arrays.keys() >= {CHANNELS, TIMES}:
            raise ValueError(f"{self._path}: {CHANNELS!r} and {TIMES!r} belong together; add the other or leave it out")
        channels, times = arrays[CHANNELS], arrays[TIMES]
        if channels.shape != (self.blocks,) or times.shape not in ((self.blocks,), (self.blocks, spikes)):
            raise ValueError(
                f"{self._path}: {self.blocks} blocks need channels ({self.blocks},) and times ({self.blocks},) or "
                f"({self.blocks}, {spikes}), got {channels.shape} and {times.shape}"
            )
        if channels.dtype.kind not in "iu" or times.dtype.kind not in "iu":
            raise ValueError(
                f"{self._path}: channels are {channels.dtype} and times {times.dtype}; both must be integers, times in "
                f"samples"
            )
        return channels, times

    def read(self, blocks: int) -> tuple[NDArray[np.int16], Events | None]:
        """The next blocks, fewer at the end: codes (n, M, D), and where and when.

        Raises:
            ValueError: samples are not finite, or codes are not of this converter, or the file ends too early.
        """
        samples = self._snippets.read(blocks)
        where = f"{self._path}, block {self._at} to {self._at + len(samples) - 1}"
        self._at += len(samples)
        events = None
        if self._events is not None:
            channels, times = (reader.read(blocks).astype(np.int64) for reader in self._events)
            events = Events(channels, times.ravel())
        return self._codes(samples, where), events

    def _codes(self, samples: NDArray[Any], where: str) -> NDArray[np.int16]:
        adc = self._adc
        if samples.dtype.kind == "f":
            if not np.isfinite(samples).all():
                raise ValueError(f"{where}: NaN or infinity among the samples; leave those blocks out")
            codes, clipped = units_to_codes(samples, adc)
            self.clipped += clipped
            return codes
        if samples.size and not adc.minimum <= samples.min() <= samples.max() <= adc.maximum:
            raise ValueError(
                f"{where}: codes {samples.min()}..{samples.max()} are not those of a converter with "
                f"{adc.minimum}..{adc.maximum}; is it another design's, or are these recording units?"
            )
        return samples.astype(np.int16)
