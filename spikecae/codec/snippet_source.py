"""Blocks of snippets from NumPy's files, as ADC codes, a few at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events
from spikecae.codec.arrays import ArrayFileError, RowReader, open_arrays
from spikecae.codec.blocks import check_finite
from spikecae.design import Adc
from spikecae.errors import InputError, about
from spikecae.front_end.adc import MOST_CLIPPED, units_to_codes
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
        InputError: it holds something else, or blocks of another shape or kind.
    """
    if path.is_dir():
        raise ArrayFileError(
            f"{path} is a folder; blocks are in one .npy or .npz file. A recording becomes blocks with the toolkit"
        )
    if path.exists() and not path.is_file():
        raise ArrayFileError(f"{path} is a pipe or a device; save the blocks to a file first")
    with open_arrays(path, (SNIPPETS, CHANNELS, TIMES), SNIPPETS) as arrays:
        yield SnippetSource(path, arrays, spec, adc, scaled=scaled)


class SnippetSource:
    """An open file of blocks. ``blocks``: how many there are; ``clipped``: samples clipped so far."""

    def __init__(self, path: Path, arrays: dict[str, RowReader], spec: EncoderSpec, adc: Adc, *, scaled: bool) -> None:
        self._path, self._snippets, self._adc = path, arrays[SNIPPETS], adc
        shape, dtype = self._snippets.shape, self._snippets.dtype
        remedies = []
        if dtype.kind not in "iuf":
            remedies.append("save them as integers, if they are ADC codes, or else as floats, in recording units")
        if shape[1:] != (spec.spikes, spec.samples):
            remedies.append("reshape or transpose them, or name another design with --spec")
        if remedies:
            raise InputError(
                f"{path}: snippets are {dtype} of shape {shape}; the encoder of {spec.design!r} takes numbers of shape "
                f"(n, {spec.spikes}, {spec.samples}), integers or floats; {'; '.join(remedies)}"
            )
        if dtype.kind == "f" and not scaled:
            raise InputError(f"{path}: snippets are {dtype}, not ADC codes; say with --lsb how many units a step is")
        self.blocks, self.clipped = shape[0], 0
        self._events = self._checked_events(arrays, spec.spikes)
        self._at = self._samples = 0
        self._signal = False

    @property
    def converted(self) -> bool:
        """Whether the samples are in recording units, and become codes here."""
        return self._snippets.dtype.kind == "f"

    def _checked_events(self, arrays: dict[str, RowReader], spikes: int) -> tuple[RowReader, RowReader] | None:
        if not arrays.keys() & {CHANNELS, TIMES}:
            return None
        if not arrays.keys() >= {CHANNELS, TIMES}:
            raise InputError(f"{self._path}: {CHANNELS!r} and {TIMES!r} belong together; add the other or leave it out")
        channels, times = arrays[CHANNELS], arrays[TIMES]
        if channels.shape != (self.blocks,) or times.shape not in ((self.blocks,), (self.blocks, spikes)):
            raise InputError(
                f"{self._path}: {self.blocks} blocks need channels ({self.blocks},) and times ({self.blocks},) or "
                f"({self.blocks}, {spikes}), got {channels.shape} and {times.shape}"
            )
        if channels.dtype.kind not in "iu" or times.dtype.kind not in "iu":
            raise InputError(
                f"{self._path}: channels are {channels.dtype} and times {times.dtype}; both must be integers, times in "
                f"samples"
            )
        return channels, times

    @property
    def first_time(self) -> int:
        """Of the first spike; 0 if there is none. Only before anything is read."""
        first = self._events[1].first() if self._events else None
        return 0 if first is None else int(first.ravel()[0])

    def read(self, blocks: int) -> tuple[NDArray[np.integer], Events | None]:
        """The next blocks, fewer at the end: codes (n, M, D), and where and when.

        Raises:
            InputError: samples are not finite, or the file is damaged.
        """
        samples = self._snippets.read(blocks)
        events = None
        if self._events is not None:
            channels, times = (reader.read(blocks) for reader in self._events)
            events = Events(channels, times.ravel())
        first, self._at = self._at, self._at + len(samples)
        if not self.converted:
            return samples, events
        with about(self._path):
            check_finite(samples, first)
            with np.errstate(over="ignore"):  # beyond every range: clipped, and counted as that
                codes, clipped = units_to_codes(samples, self._adc)
        self.clipped += clipped
        self._samples += samples.size
        self._signal = self._signal or bool((codes != self._adc.zero).any())
        return codes, events

    def check_scale(self, most_clipped: float = MOST_CLIPPED) -> None:
        """Judge the scale by all that was converted; of the samples, the share ``most_clipped`` may be clipped.

        Raises:
            InputError: the signal does not fit the converter's range, or vanishes in one step of it.
        """
        adc = self._adc
        if self.clipped > most_clipped * self._samples:
            share = 100 * self.clipped / self._samples
            raise InputError(
                f"{self._path}: {share:.1f} % of the samples lie beyond the {adc.minimum}..{adc.maximum} steps of the "
                f"converter, {100 * most_clipped:g} % at most may: a step of {adc.lsb:g} (--lsb) is too small for "
                f"them; where clipping is right, say with --most-clipped how much"
            )
        if self._samples and not self._signal:
            raise InputError(
                f"{self._path}: no sample is as large as half a step of the converter; a step of {adc.lsb:g} (--lsb) "
                f"is too large for them"
            )
