"""``[recording]`` and ``[front_end]``: how spikes are found, in a recording and on the chip."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from spikecae.design.adc import Adc
from spikecae.design.block import Block
from spikecae.design.rules import Fault, rule
from spikecae.design.section import Costs, Section, Unit

__all__ = ["GAIN_BITS", "GAIN_FRACTION", "LIMITS", "MEDIAN_OF_NORMAL", "Detector", "Recording"]


GAIN_BITS, GAIN_FRACTION = 8, 4
"""Width of the detector's gain, its threshold over the median magnitude, and fraction bits of it."""
MEDIAN_OF_NORMAL = 0.6745
"""median(|x|) of a normal distribution, in standard deviations (Quiroga et al. 2004)."""
SEARCH_MS = 0.5
"""How long after its crossing the peak of a spike may come: most action potentials take less."""
LIMITS = {
    "samples": (4, 128),
    "bits": (6, 16),
    "gain": (1, (1 << GAIN_BITS) - 1),
    "search": (1, 128),
    "refractory": (1, 1024),
}
"""What the detector on the chip can have, least and most; its times are in samples of a channel."""
LOWEST_EDGE = 10000
"""Of a filter on the chip: samples a second over its lower edge, at most. Its state has a bit for every doubling."""


class Recording(Section):
    """How spikes are found in a continuous recording, and by the detector on the chip."""

    sampling_rate_hz: Annotated[float, Field(gt=0), Unit("Hz")]
    """Sampling rate of a channel. A recording's may differ from it by a hundredth."""
    unit: Annotated[str, Field(max_length=16, pattern=r"^\S(.*\S)?$")] = "uV"
    """Unit of the samples: ``uV`` for microvolts, to which a recording that knows its gain is scaled; else whatever the
    samples are in."""
    band_hz: Annotated[list[float], Unit("Hz")] = Field(default=[300.0, 6000.0], min_length=2, max_length=2)
    """Lower and upper edge of the band-pass filter before detection. The chip has one if ``front_end.filter`` says so;
    else its amplifiers must be that filter."""
    threshold: Annotated[
        float, Field(gt=0), Unit("noise deviations"), Costs("Lower, it finds smaller spikes and more noise.")
    ] = 5.0
    """How far a spike's peak lies from zero, in deviations of its channel's noise, estimated as median(|x|)/0.6745."""
    peak: Annotated[int, Field(ge=0), Unit("samples")]
    """Index of the peak in the snippet."""
    polarity: Literal["negative", "positive", "both"] = "negative"
    """Which peaks count."""
    refractory_ms: Annotated[
        float, Field(ge=0), Unit("ms"), Costs("A front end keeps samples for longer, in a larger circular buffer.")
    ] = 1.0
    """Within this time of a larger peak of its own or a close channel, a peak is no spike of its own."""
    radius_um: Annotated[float, Field(ge=0), Unit("µm")] = 75.0
    """Channels are close up to this distance of their contacts. Within it and the refractory time, all but the largest
    peak belong to the same event."""

    @property
    def gain(self) -> int:
        """The threshold over median(|x|), with ``GAIN_FRACTION`` fraction bits."""
        return math.floor(self.threshold / MEDIAN_OF_NORMAL * (1 << GAIN_FRACTION) + 0.5)

    @property
    def refractory(self) -> int:
        """The refractory time, in samples."""
        return max(1, round(self.refractory_ms * self.sampling_rate_hz / 1000))

    @property
    def search(self) -> int:
        """Samples from a crossing on, itself included, among which the peak is, no more than the refractory time."""
        return min(self.refractory, max(1, round(SEARCH_MS * self.sampling_rate_hz / 1000)))

    @field_validator("unit")
    @classmethod
    def _is_printable(cls, unit: str) -> str:
        if not unit.isprintable():
            raise PydanticCustomError("unprintable", "must consist of printable characters")
        return unit

    @field_validator("band_hz")
    @classmethod
    def _rises(cls, band: list[float]) -> list[float]:
        if not 0 < band[0] < band[1]:
            raise PydanticCustomError("falling_band", "must be two rising positive frequencies")
        return band

    @rule
    def band_below_half_the_rate(self) -> Iterator[Fault]:
        """``recording.band_hz`` is two rising frequencies that end below half of ``recording.sampling_rate_hz``."""
        if self.band_hz[1] >= self.sampling_rate_hz / 2:
            remedy = f"must end below half of recording.sampling_rate_hz = {self.sampling_rate_hz}"
            yield Fault("recording.band_hz", self.band_hz, remedy)

    @rule
    def peak_in_the_snippet(self, block: Block) -> Iterator[Fault]:
        """``recording.peak`` lies in the snippet of ``block.samples``."""
        if self.peak >= block.samples:
            remedy = f"lies outside the snippet of block.samples = {block.samples}; choose a smaller index"
            yield Fault("recording.peak", self.peak, remedy)


class Detector(Section):
    """The spike detector on the chip, in front of the encoder."""

    contacts_um: Annotated[
        list[Annotated[list[float], Field(min_length=2, max_length=2)]],
        Field(min_length=1, max_length=1024),
        Unit("µm"),
        Costs("Every channel has its noise estimate, its state, and its samples in the circular buffer."),
    ]
    """Position (x, y) of each channel's contact, in the order in which the channels are multiplexed."""
    noise_shift: Annotated[
        int,
        Field(ge=5, le=16),
        Costs("Nothing is detected in the first 2^(noise_shift + 1) turns, a fifth of the samples; fewer err by more."),
    ] = 10
    """The noise estimate follows with a time constant of about 1.2 · 2^noise_shift turns; a channel has one every 65
    samples or a few more, of more channels than that in about as many."""
    queue: Annotated[
        int,
        Field(ge=0, le=1024),
        Unit("events"),
        Costs(
            "Flip-flops for the channel of each, and for as much of its time as tells how old it is; of many channels "
            "in a queue, memory for its snippet. Too few lose bursts."
        ),
    ] = 0
    """Events that can be under way: until they have been sent, and from when they are found, or, of many channels in a
    queue, from their crossing. 0: as many as lose no more than one in 10,000 where spikes come at random, 20 a second
    on every channel, and 8 at least."""
    filter: Annotated[
        Literal["none", "high_pass", "low_pass", "band_pass"],
        Costs(
            "For every channel and edge a state of adc.bits and about 4 more, which is read, worked out and written "
            "with every sample."
        ),
    ] = "none"
    """Which edges of ``recording.band_hz`` the chip filters at, in front of its detector: none, the lower, the upper or
    both. A continuous recording goes through the same filter before spikes are cut from it; spikes that come cut must
    have been."""
    filter_order: Annotated[
        Literal[1, 2], Costs("The second has twice the states, with a bit or two more in each.")
    ] = 1
    """Order of the filter at each edge."""

    @property
    def filtered(self) -> tuple[Literal["low", "high"], ...]:
        """Edges of the band that the chip filters at."""
        edges: dict[str, tuple[Literal["low", "high"], ...]] = {
            "none": (),
            "high_pass": ("low",),
            "low_pass": ("high",),
            "band_pass": ("low", "high"),
        }
        return edges[self.filter]

    @rule
    def within_what_the_detector_can_have(self, recording: Recording, block: Block, adc: Adc) -> Iterator[Fault]:
        """The chip's detector has thresholds of 0.042 to 10.7, snippets of 4 to 128 samples, converters of 6 to 16
        bits and refractory times of up to 1024 samples; it searches up to 128 for a peak, 0.5 ms or the refractory
        time."""
        step = MEDIAN_OF_NORMAL / (1 << GAIN_FRACTION)
        rate, slowest = recording.sampling_rate_hz, 1000 * LIMITS["search"][1] / SEARCH_MS
        longest = 1000 * LIMITS["refractory"][1] / rate
        asked = (
            ("samples", block.samples, "block.samples", block.samples, "take {low} to {high} with a [front_end]"),
            ("bits", adc.bits, "adc.bits", adc.bits, "take {low} to {high} with a [front_end]"),
            (
                *("gain", recording.gain, "recording.threshold", recording.threshold),
                f"the chip's detector can have {step:.2g} to {LIMITS['gain'][1] * step:.3g}",
            ),
            (
                *("refractory", recording.refractory, "recording.refractory_ms", recording.refractory_ms),
                f"is {{value}} samples, {{high}} at most with a [front_end]; take up to {longest:g}",
            ),
            (
                *("search", recording.search, "recording.sampling_rate_hz", rate),
                f"a [front_end] takes up to {slowest:g}",
            ),
        )
        for name, value, key, given, remedy in asked:
            low, high = LIMITS[name]
            if not low <= value <= high:
                yield Fault(key, given, remedy.format(value=value, low=low, high=high))

    @rule
    def room_for_events(self) -> Iterator[Fault]:
        """``front_end.queue`` is 0, or 3 at least."""
        if 0 < self.queue < 3:
            yield Fault(
                "front_end.queue", self.queue, "is too few events; take 0 for as many as are needed, or 3 or more"
            )

    @rule
    def filter_of_few_bits(self, recording: Recording) -> Iterator[Fault]:
        """Where the chip filters, ``recording.band_hz`` begins at a ten-thousandth of ``recording.sampling_rate_hz``
        or above."""
        low, least = recording.band_hz[0], recording.sampling_rate_hz / LOWEST_EDGE
        if "low" in self.filtered and low < least:
            remedy = f"is less than front_end.filter can have, {least:g}; raise it, or leave that edge to the amplifier"
            yield Fault("recording.band_hz", recording.band_hz, remedy)

    @rule
    def enough_for_a_neighbourhood(self, block: Block) -> Iterator[Fault]:
        """Of a neighbourhood, ``front_end.contacts_um`` has ``block.spikes`` contacts at least."""
        count = len(self.contacts_um)
        if block.kind == "neighbourhood" and count < block.spikes:
            remedy = f"a neighbourhood of block.spikes = {block.spikes} needs as many; add contacts"
            yield Fault("front_end.contacts_um", f"{count} contacts", remedy)

    @rule
    def one_channel_for_a_queue(self, block: Block) -> Iterator[Fault]:
        """Of a queue of several spikes, ``front_end.contacts_um`` has one contact."""
        count = len(self.contacts_um)
        if block.kind == "queue" and block.spikes > 1 and count > 1:
            remedy = "give one contact, or set block.spikes to 1"
            text = f"a block of {block.spikes} spikes in a queue is of one channel; {remedy}"
            yield Fault("front_end.contacts_um", f"{count} contacts", text)
