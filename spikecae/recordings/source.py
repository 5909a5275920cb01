"""The samples of a recording in the codec's band and unit: judged when they are read, a stretch at a time."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikecae.codec.account import many
from spikecae.design import Design
from spikecae.errors import InputError
from spikecae.front_end.adc import MICROVOLTS
from spikecae.recordings.band import BandPass

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["MICROVOLTS", "RATE_TOLERANCE", "Source"]

RATE_TOLERANCE = 0.01
"""That a recording's rate may differ from the design's."""
LEAST_S = 0.1
"""A recording that is shorter does not tell its noise."""


class Source:
    """A ``recording`` as the encoder of ``design`` is to see it: in µV where it has gains, else as it is stored.

    Raises:
        InputError: it is none, has another rate, no channels, too few samples, samples that are no real numbers, gains
            or offsets that are no numbers, or no gains where the design needs them.
    """

    def __init__(self, recording: "BaseRecording", design: Design) -> None:
        from spikeinterface.core import BaseRecording

        if not isinstance(recording, BaseRecording):
            raise InputError(
                f"recording is a {type(recording).__name__}; open it with SpikeInterface: spikeinterface.load(folder), "
                f"or a reader of spikeinterface.extractors"
            )
        self._recording = recording
        self.rate_hz = float(recording.get_sampling_frequency())
        self.channels = int(recording.get_num_channels())
        self.names = list(recording.channel_ids)
        self.lengths = [int(recording.get_num_samples(segment)) for segment in range(recording.get_num_segments())]
        self._judge(design)
        self.gains: NDArray[np.float64] | None = None
        self.offsets: NDArray[np.float64] | None = None
        if recording.has_scaleable_traces():
            self.gains = np.asarray(recording.get_channel_gains(), np.float64)
            self.offsets = np.asarray(recording.get_channel_offsets(), np.float64)
            self._judge_numbers("gain", self.gains)
            self._judge_numbers("offset", self.offsets)
        elif design.recording.unit in MICROVOLTS:
            raise InputError(
                f"the recording has no gains, and codec {design.name!r} works in {design.recording.unit}; say how many "
                f"µV a step is: recording.set_channel_gains(0.195); recording.set_channel_offsets(0), or --gain"
            )
        self._band = BandPass(design, self.rate_hz)

    def _judge(self, design: Design) -> None:
        wanted, total = design.recording.sampling_rate_hz, sum(self.lengths)
        if not self.channels:
            raise InputError("the recording has 0 channels; give one with a channel or more")
        if (kind := np.dtype(self._recording.get_dtype())).kind not in "iuf":
            raise InputError(f"the recording's samples are {kind}; give one of integers or floats (astype)")
        if not abs(self.rate_hz / wanted - 1) <= RATE_TOLERANCE:  # not a number is none, either
            raise InputError(
                f"the recording is sampled at {self.rate_hz:g} Hz, and codec {design.name!r} was made for {wanted:g} "
                f"Hz; resample it (spikeinterface.preprocessing.resample(recording, {wanted:g}), --resample), or take "
                f"another codec"
            )
        if total < LEAST_S * self.rate_hz:
            raise InputError(
                f"the recording lasts {total / self.rate_hz:.4f} s ({many(total, 'sample')} in "
                f"{many(len(self.lengths), 'segment')}); spikes are looked for in {LEAST_S:g} s or more, give a longer "
                f"one"
            )

    def _judge_numbers(self, what: str, values: NDArray[np.float64]) -> None:
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise InputError(
                f"the {what} of channel {self.names[wrong[0]]} is {values[wrong[0]]}; say what it is "
                f"(recording.set_channel_{what}s), or leave the channel out (remove_channels)"
            )

    @property
    def unit(self) -> str:
        """Of the samples that are read."""
        return "1" if self.gains is None else "uV"

    def read(self, segment: int, first: int, last: int) -> NDArray[np.float32]:
        """Samples ``first`` to ``last`` (not included) of a segment, in the band: float32 ``[T, C]``.

        Raises:
            InputError: a sample is NaN or infinite.
        """
        before = max(0, first - self._band.reach)
        after = min(self.lengths[segment], last + self._band.reach)
        raw = self._recording.get_traces(segment_index=segment, start_frame=before, end_frame=after)
        if raw.dtype.kind == "f" and not np.isfinite(raw).all():
            wrong = ~np.isfinite(raw)
            sample, channel = np.argwhere(wrong)[0].tolist()
            raise InputError(
                f"channel {self.names[channel]} is {raw[sample, channel]} at {(before + sample) / self.rate_hz:.4f} s "
                f"of segment {segment} ({many(int(wrong.sum()), 'such sample')} around there); leave the channel out "
                f"(remove_channels) or that time (frame_slice), or put numbers in their place"
            )
        traces = self._band.apply(raw, first - before, last - before)
        if self.gains is not None:  # an offset does not pass the band
            traces *= self.gains.astype(np.float32)
        return traces
