"""What an evaluation says, as JSON."""

from statistics import fmean
from typing import Literal

from pydantic import BaseModel, ConfigDict

from spikecae.front_end.recorded import Recorded

__all__ = ["Evaluation", "OfGroup", "OfUnit", "OwnSpikes", "Quality", "Sorted"]


class Part(BaseModel):
    """Immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Quality(Part):
    """Signal to noise-and-distortion ratio at a rate."""

    sndr_mean_db: float
    """Mean of the spikes' decibels."""
    sndr_global_db: float
    """Of all spikes together."""
    sndr_worst_db: float
    """5 % of the spikes have less."""
    bits_per_spike: float


class OwnSpikes(Part):
    """What the encoder was trained on, and how it did on held-out spikes of it."""

    data: str
    sndr_mean_db: float
    bits_per_spike: float


class OfGroup(Part):
    """Spikes of a unit, or with peaks on a channel."""

    name: str
    events: int
    sndr_mean_db: float
    sndr_global_db: float
    amplitude_bias_percent: float
    """Median over spikes of how much the peak is larger than it was."""
    amplitude_error_percent: float
    """Median of how much it is off, either way."""
    template_error_percent: float
    """Of the mean waveforms, decoded and original: root mean square of the difference, over that of the original."""


class OfUnit(Part):
    """How a sorter does with a unit: agreement, spikes in both over spikes in either."""

    name: str
    spikes: int
    with_event: float
    """Share of the spikes that have an event of their own: of those that fall together only the largest has one, though
    its snippets may show the others."""
    before: float
    """On the recording as it is; 1 of a unit that was found there."""
    after: float
    """On what was encoded and decoded."""


class Sorted(Part):
    """A sorter before and after."""

    sorter: str
    seconds: float
    """From the start; segments follow each other."""
    units_before: int
    units_after: int
    against: Literal["known units", "units before"]
    """What units are compared with."""
    units: list[OfUnit]
    """Those that lose most first."""

    def __str__(self) -> str:
        found = f"{self.sorter} finds {self.units_before} units before and {self.units_after} after"
        if not self.units:
            return found
        before, after = (100 * fmean(values) for values in zip(*((u.before, u.after) for u in self.units), strict=True))
        own = 100 * sum(u.with_event * u.spikes for u in self.units) / sum(u.spikes for u in self.units)
        sent = f"{own:.0f} % of their spikes have an event of their own"
        if self.against == "units before":
            return f"{found}; these agree with those by {after:.0f} %, in the mean; {sent}"
        return f"{found}; mean accuracy of {len(self.units)} known units: {before:.0f} % and {after:.0f} %; {sent}"


class Evaluation(Part):
    """An encoder on the spikes of a recording that it was not trained on."""

    schema_version: Literal[3] = 3
    codec: str
    spec_hash: str
    recording: Recorded
    unit: str
    lsb: float
    """Units of a step of the converter."""
    events: int
    spikes: int
    """Snippets of one channel: M for each event of a neighbourhood."""
    duration_s: float
    looked_at_s: float
    """Of a long recording, spikes are of stretches at equal distances."""
    encoder: Quality
    """Bits of Huffman codes, escapes included."""
    wire_bits_per_spike: float
    """With events, framing and checksums."""
    compression_ratio: float
    """16 bits a sample of the spikes over the bits of their codes."""
    recording_ratio: float
    """All samples of the recording, 16 bits each, over what goes over the link."""
    escaped_percent: float | None
    """Of the symbols that can say that levels lie outside of the code's table; None of encoders without such."""
    clipped_percent: float
    amplitude_bias_percent: float
    amplitude_error_percent: float
    amplitude_error_worst_percent: float
    """5 % of the peaks are off by more."""
    later_half: Quality
    """The encoder on the later half of the spikes, on which PCA is measured."""
    pca: Quality | None
    """PCA with entropy coding, fitted to the earlier half, at the same bits on the later."""
    pca_missing: str | None
    """Why there is none."""
    pca_curve: list[Quality]
    own_spikes: OwnSpikes | None
    """None where the codec's folder does not tell."""
    grouped_by: Literal["unit", "channel"]
    groups: list[OfGroup]
    """Worst first; those of few spikes are left out."""
    sorting: Sorted | None
    """None where no sorter was asked for."""
    retrain: bool
    reasons: list[str]
    """Of the rules, those that ask for training, or where none does, what was found by each."""
