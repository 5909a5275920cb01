"""A recording and a codec that go together."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track

from spikecae import __version__
from spikecae.codec.container import file_header
from spikecae.design import Adc
from spikecae.errors import InputError, fault_sentence
from spikecae.front_end.recorded import Recorded
from spikecae.recordings.arrangement import arrange
from spikecae.recordings.blocks import BlockFormer, Formed
from spikecae.recordings.chosen import choose_codec
from spikecae.recordings.finder import all_found, noise_of, step_of, stretches
from spikecae.recordings.scale import Scale, check_step
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
        scale: how large the spikes so far are.
        stored_bytes: of all samples, as the recording stores them.
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
        check_step(uv_per_step)
        self.adc = Adc(bits=design.adc.bits, lsb=uv_per_step, signed=design.adc.signed)
        try:
            recorded = self._recorded(recording)
        except ValidationError as error:
            raise InputError(f"the recording's {fault_sentence(error.errors()[0])}; mend it in the recording") from None
        self.header = file_header(self.codec.spec, self.adc, self.source.unit, epoch=0, recording=recorded)
        self.scale = Scale(self.adc, self.source.unit)
        width = np.dtype(recording.get_dtype()).itemsize * self.source.channels
        self.stored_bytes = sum(self.source.lengths) * width
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
            if len(found.times):
                self.scale.add(found)
                yield former.take(found)
        yield from former.last()
        self.scale.check()

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
