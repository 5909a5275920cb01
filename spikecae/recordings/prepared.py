"""A recording and a codec that go together."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track

from spikecae import __version__
from spikecae.codec.account import many
from spikecae.codec.container import check_lsb, file_header
from spikecae.design import Adc
from spikecae.errors import InputError, fault_sentence
from spikecae.front_end.adc import LEAST_CODES, MOST_CLIPPED
from spikecae.front_end.recorded import Recorded
from spikecae.recordings.arrangement import arrange
from spikecae.recordings.blocks import BlockFormer, Formed
from spikecae.recordings.chosen import choose_codec
from spikecae.recordings.finder import all_found, noise_of, step_of, stretches
from spikecae.recordings.source import Source

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["Prepared"]


class Prepared:
    """Knows where the spikes are and how they become codes.

    For the arguments see :func:`spikecae.recordings.compress.compress`.

    Attributes:
        codec, source, arrangement, adc: what is encoded how.
        noise: float32 ``[C]``, deviation.
        header: of a file of this recording.
        samples, clipped: of the spikes so far, all and those beyond the converter's range.
        events, low: so far, all and those too low for the converter to see.
        looked_at_s: seconds of the recording that blocks are taken from.

    Raises:
        InputError: they do not go together, and why.
    """

    def __init__(
        self,
        recording: "BaseRecording",
        codec: str | os.PathLike[str],
        groups: str | None,
        uv_per_step: float | None,
    ) -> None:
        self.codec = choose_codec(codec)
        design = self.codec.design
        self.source = Source(recording, design)
        self.arrangement = arrange(recording, design, groups)
        self.noise = noise_of(self.source)
        if uv_per_step is None:
            uv_per_step = step_of(self.source, self.codec, self.arrangement, self.noise)
        try:
            check_lsb(uv_per_step)
        except ValueError as error:
            raise InputError(f"uv_per_step: {error}") from None
        self.adc = Adc(bits=design.adc.bits, lsb=uv_per_step, signed=design.adc.signed)
        try:
            recorded = self._recorded(recording)
        except ValidationError as error:
            raise InputError(f"the recording's {fault_sentence(error.errors()[0])}; mend it in the recording") from None
        self.header = file_header(self.codec.spec, self.adc, self.source.unit, epoch=0, recording=recorded)
        self.samples = self.clipped = self.events = self.low = 0
        self.looked_at_s = 0.0

    def blocks(self, jobs: int, *, progress: bool, most: int | None = None) -> Iterator[Formed]:
        """All blocks, as they become full; a bar on standard error shows how far it is.

        With ``most``, of no more than so many stretches, at equal distances.

        Raises:
            InputError: a sample is no number, or, at the end, the converter's step is far too small or too large.
        """
        former, parts = BlockFormer(self.codec.design.block), list(stretches(self.source, self.codec))
        parts = parts[:: -(-len(parts) // most)] if most else parts
        self.looked_at_s = sum(part.stop - part.start for part in parts) / self.source.rate_hz
        found_in = all_found(self.source, self.codec, self.arrangement, self.noise, self.adc, jobs, parts)
        console = Console(stderr=True)
        hidden = not (progress and (console.is_terminal or console.is_jupyter))
        for found in track(
            found_in, self.codec.spec.design, len(parts), console=console, transient=True, disable=hidden
        ):
            self.samples += found.codes.size
            self.clipped += found.clipped
            if len(found.times):
                heights = np.ptp(found.snippets, axis=-1).max(axis=-1)
                self.events += len(heights)
                self.low += int(np.count_nonzero(heights < LEAST_CODES * self.adc.lsb))
                yield former.take(found)
        yield from former.last()
        self._check_scale()

    def _check_scale(self) -> None:
        if 2 * self.low > self.events:
            raise InputError(
                f"more than half of the {many(self.events, 'spike')} are less than {LEAST_CODES} of the converter's "
                f"steps of {self.adc.lsb:g} {self.source.unit} high, from peak to peak; check the recording's gains, "
                f"or give a smaller uv_per_step"
            )
        if self.clipped > MOST_CLIPPED * self.samples:
            adc = self.adc
            raise InputError(
                f"{100 * self.clipped / self.samples:.1f} % of the spikes' samples lie beyond the converter's "
                f"{adc.minimum}..{adc.maximum} steps of {adc.lsb:g} {self.source.unit}, {100 * MOST_CLIPPED:g} % may; "
                f"check the recording's gains, or give a larger uv_per_step"
            )

    def _recorded(self, recording: "BaseRecording") -> Recorded:
        source, arrangement, wanted = self.source, self.arrangement, self.codec.design.recording
        neighbourhood = self.codec.design.block.kind == "neighbourhood"
        contacts, segments = arrangement.contacts_um, range(recording.get_num_segments())
        said = " ".join(str(recording).split())
        return Recorded(
            sampling_rate_hz=source.rate_hz,
            segment_samples=tuple(source.lengths),
            segment_starts_s=tuple(float(recording.get_start_time(segment) or 0.0) for segment in segments),
            channel_ids=tuple(name.item() if isinstance(name, np.generic) else name for name in source.names),
            gains_uv=None if source.gains is None else tuple(source.gains.tolist()),
            offsets_uv=None if source.offsets is None else tuple(source.offsets.tolist()),
            contacts_um=None if contacts is None else tuple(tuple(place) for place in contacts.tolist()),
            groups=None if arrangement.groups is None else tuple(arrangement.groups),
            neighbours=tuple(map(tuple, arrangement.nearest.tolist())) if neighbourhood else None,
            noise=tuple(self.noise.astype(np.float64).round(4).tolist()),
            band_hz=(wanted.band_hz[0], wanted.band_hz[1]),
            threshold=wanted.threshold,
            polarity=wanted.polarity,
            peak=wanted.peak,
            source="".join(letter for letter in said if letter.isprintable())[:1000],
            made_by=f"spikecae {__version__}",
        )
