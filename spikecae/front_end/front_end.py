"""What the spike detector is built for: channels, threshold, times in samples, neighbourhoods, depths.

The golden detector and the hardware generator both read this, and nothing else of each other.
"""

import math
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Design
from spikecae.design.recording import GAIN_BITS, GAIN_FRACTION, LIMITS
from spikecae.front_end.band_pass import BandPass, band_pass_of
from spikecae.front_end.geometry import close_contacts, nearest_contacts
from spikecae.front_end.places import FEWEST, RATE_HZ, places_for
from spikecae.front_end.snippet_parts import SnippetParts

__all__ = [
    "GAIN_BITS",
    "GAIN_FRACTION",
    "THRESHOLD_LAG",
    "FrontEnd",
    "designed_band_pass",
    "designed_front_end",
    "front_end_of",
    "lanes_for",
    "turns_for",
]

LATENCY = 10
"""Most cycles from the sample that decides on an event, or completes it, until it can be read."""
THRESHOLD_LAG = 4
"""Samples, of any channel, from one that moves an estimate until the threshold that follows from it is known: it counts
from its channel's first sample then or later."""
WAITING = 4
"""Events that the circular buffer keeps while another one is copied, and sent: in a cycle each for every sample."""
WORD_BITS = 64
"""Most bits of a word of samples: those of the widest memory macros."""
TURNS, SETTLING_TURNS = 65, 5
"""Samples of a channel of which one moves its noise estimate, at least: once it has settled, and before."""


@dataclass(frozen=True)
class FrontEnd:
    """A spike detector. Times are in samples of one channel (frames).

    Attributes:
        channels: C, samples of a frame.
        samples: D, samples of a snippet.
        peak: index of the peak in the snippet.
        polarity: which peaks count.
        gain: the threshold over median(|x|), in 1/16; 119 is the paper's 5 / 0.6745.
        search: samples from a crossing on, itself included, among which the peak is the largest.
        refractory: after a peak, so many samples cannot cross. Also how close in time two peaks on close channels
            belong to one event.
        noise_shift: s, a noise estimate moves by 2**-s of itself when it is its channel's turn; about 1.2 * 2**s turns
            are its time constant. Spikes count from the 2**(s+1)-th turn on.
        turns: every so many-th sample, of all channels, moves its channel's estimate once all have settled, every
            ``settling_turns``-th before. Odd, and one more than a multiple of the channels: so each has its turn once
            in as many frames, in their order.
        bits: width of the converter.
        zero: its code for 0 V, which the detector subtracts, and adds to the snippets again.
        neighbours: for each channel the M whose snippets make the event with the peak there, itself among them; empty
            for a queue, where an event is its own channel's snippet.
        close: for each channel the first and the last channel that may see the same event (channels are numbered along
            the probe, or tetrode by tetrode); empty for a queue.
        pending: events that can wait for a larger peak near them.
        queue: events that can be under way, from when they are found, or cross, until they have been sent.
        frames: size of the circular buffer, samples per channel.
        band_pass: what samples go through first, if anything; snippets are of what it gives.

    Raises:
        ValueError: no such detector; every reason is given.
    """

    channels: int
    samples: int
    peak: int
    polarity: Literal["negative", "positive", "both"]
    gain: int
    search: int
    refractory: int
    frames: int
    noise_shift: int = 10
    turns: int = TURNS
    bits: int = 16
    zero: int = 0
    neighbours: tuple[tuple[int, ...], ...] = ()
    close: tuple[tuple[int, int], ...] = ()
    pending: int = 8
    queue: int = FEWEST
    band_pass: BandPass | None = None

    def __post_init__(self) -> None:
        faults = self._faults()
        if faults:
            raise ValueError("no such front end: " + "; ".join(faults))

    @property
    def spikes(self) -> int:
        """M, snippets of an event."""
        return len(self.neighbours[0]) if self.neighbours else 1

    @property
    def settling(self) -> int:
        """Frames from the start in which nothing is detected, while the noise is being estimated."""
        return (2 << self.noise_shift) * self.settling_turns

    @property
    def settling_turns(self) -> int:
        """``turns`` until then: odd, and without a common factor with the channels, but these in any order."""
        return next(turns for turns in count(SETTLING_TURNS, 2) if math.gcd(turns, self.channels) == 1)

    @property
    def threshold_frames(self) -> int:
        """Frames from a turn to the first one that the threshold which follows from it counts for."""
        return -(-THRESHOLD_LAG // self.channels)

    @property
    def lanes(self) -> int:
        """Samples of neighbouring channels in a word."""
        return lanes_for(self.channels, self.bits)

    @property
    def own_words(self) -> bool:
        """Whether every sample is a word: of a single channel, or where words of any size would leave one over."""
        return self.lanes == 1

    @property
    def groups(self) -> int:
        """Words of a frame; the last one may have lanes to spare."""
        return -(-self.channels // self.lanes)

    @property
    def filter_lanes(self) -> int:
        """Neighbouring channels whose filters' states are in one word; 1 without a filter."""
        widths = self.band_pass.widths(self.bits) if self.band_pass else ()
        return lanes_for(self.channels, sum(widths)) if widths else 1

    @property
    def filter_groups(self) -> int:
        """Words of these."""
        return -(-self.channels // self.filter_lanes)

    @property
    def minimum(self) -> int:
        """Smallest code."""
        return self.zero - (1 << (self.bits - 1))

    @property
    def maximum(self) -> int:
        """Largest code."""
        return self.zero + (1 << (self.bits - 1)) - 1

    @property
    def rival_time(self) -> int:
        """Frames after an event's peak until no larger one near it can be found any more."""
        return self.refractory + self.search

    @property
    def decided(self) -> int:
        """Frames after the peak when the event is decided on."""
        return self.rival_time + 1 if self.neighbours else self.search

    @property
    def earliest(self) -> int:
        """Frames after the peak when all of it can be read: it was decided on, and its last sample has come."""
        return max(self.decided, self.samples - self.peak)

    @property
    def complete(self) -> int:
        """The same at the latest, if nothing holds it up: events that are copied in parts keep the order of their
        crossings, and one that crossed earlier may have its peak later."""
        return self.earliest + (self.search - 1 if self.in_parts else 0)

    @property
    def frames_under_way(self) -> int:
        """Those in which an event has a place, if nothing holds it up: from when it is found, or from its crossing on
        where snippets are copied in parts, until it has been sent."""
        if self.in_parts:
            return self.complete + self._frames_of_copy(self.parts.longest) + self._frames_in(self.samples + LATENCY)
        return self.earliest - self.decided + self._frames_of_copy(self.samples) + self._frames_in(LATENCY)

    @property
    def free(self) -> int:
        """Cycles of a frame in which the circular buffer can be read: all but those in which a word is written, or all
        where reading has a port of its own."""
        return self.channels - (0 if self.own_words else self.groups)

    @property
    def parts(self) -> SnippetParts:
        """Those that snippets are copied in, if they are."""
        return SnippetParts(self.samples, self.peak, self.search, self.queue, self.channels, self.free)

    @property
    def in_parts(self) -> bool:
        """Whether snippets are copied in parts as their samples come, from the crossing on, each event's to a room of
        its own: where circular buffer and rooms take less memory so than if snippets are copied at once."""
        if self.neighbours or self.parts.wait is None:
            return False
        spared = self._frames_at_once - self._frames_in_parts
        return spared * self.channels > (self.queue - 1) * self.samples

    @property
    def copied(self) -> int:
        """Samples that there is room for where snippets are copied to: of one event, or of all that have places."""
        return self.queue * self.samples if self.in_parts else self.spikes * self.samples

    @property
    def latest(self) -> int:
        """Frames after the peak when reading must begin where snippets are copied at once, or their oldest samples may
        be overwritten before its end."""
        return self.frames - self.peak - self._frames_of_copy(self.samples) - 1

    @property
    def oldest(self) -> int:
        """Frames after its peak, no fewer than when an event is last looked at where snippets are copied at once: it is
        copied or found too late once those before it have been, each of which may take a copy's time."""
        return self.latest + (self.queue + 1) * (self._frames_of_copy(self.samples) + 1)

    @property
    def frames_needed(self) -> int:
        """Smallest circular buffer that keeps an event until it is read: if no other one is being read then, or, copied
        in parts, whatever the others are."""
        return self._frames_in_parts if self.in_parts else self._frames_at_once

    @property
    def _frames_at_once(self) -> int:
        return self.peak + self.earliest + self._frames_of_copy(self.samples) + 1 + self._frames_in(LATENCY)

    @property
    def _frames_in_parts(self) -> int:
        return self.parts.longest + (self.parts.wait or 0) + 1 + self._frames_in(LATENCY)

    def _frames_of_copy(self, samples: int) -> int:
        """Those that can come while so many samples of each snippet are read, one in each free cycle."""
        samples *= self.spikes
        return samples if self.channels == 1 else -(-samples // self.free) + 1

    def _frames_in(self, cycles: int) -> int:
        """How many can come, at one sample a cycle."""
        return -(-cycles // self.channels)

    def _faults(self) -> list[str]:
        ranges = {
            "channels": (1, 1024),
            "samples": LIMITS["samples"],
            "peak": (0, self.samples - 1),
            "gain": LIMITS["gain"],
            "search": LIMITS["search"],
            "refractory": (self.search, LIMITS["refractory"][1]),
            "noise_shift": (5, 16),
            "turns": (5, 2047),
            "bits": LIMITS["bits"],
            "pending": (1, 64),
            "queue": (3, 1024),
        }
        faults = [
            f"{name} = {getattr(self, name)} must be {low} to {high}"
            for name, (low, high) in ranges.items()
            if not low <= getattr(self, name) <= high
        ]
        if not -(1 << 15) <= self.minimum <= self.maximum < 1 << 15:
            faults.append(f"zero = {self.zero} takes codes of {self.bits} bits out of 16 signed bits")
        if self.turns % 2 == 0 or (self.turns - 1) % self.channels:
            text = f"turns = {self.turns} must be odd, and 1 more than a multiple of {self.channels} channels"
            faults.append(f"{text}: take {turns_for(self.channels, self.turns)}")
        if len(self.neighbours) not in (0, self.channels):
            faults.append(f"neighbours has {len(self.neighbours)} rows, {self.channels} channels need one each")
        if len(self.close) != len(self.neighbours):
            faults.append(f"close has {len(self.close)} rows, neighbours has {len(self.neighbours)}")
        if faults:
            return faults
        for channel, row in enumerate(self.neighbours):
            if len(row) != self.spikes or len(set(row)) != len(row) or not 1 <= len(row) <= 16:
                faults.append(f"neighbours[{channel}] = {row} must be {self.spikes} different channels (1 to 16)")
            if channel not in row or not all(0 <= other < self.channels for other in row):
                faults.append(f"neighbours[{channel}] = {row} must hold {channel}, and channels below {self.channels}")
        for channel, (first, last) in enumerate(self.close):
            if not 0 <= first <= channel <= last < self.channels:
                faults.append(f"close[{channel}] = ({first}, {last}) must enclose {channel}, below {self.channels}")
        if self.frames < self.frames_needed:
            faults.append(f"frames = {self.frames} would overwrite an event unread; {self.frames_needed} are needed")
        return faults


def lanes_for(channels: int, bits: int) -> int:
    """Neighbouring channels in a word, so many bits each: as many as fit; of one channel, no word may be."""
    fitting = range(min(channels, WORD_BITS // bits), 0, -1)
    return next((lanes for lanes in fitting if channels % lanes != 1), 1)


def turns_for(channels: int, least: int = TURNS) -> int:
    """Turns that go with so many channels: the fewest from ``least`` on."""
    return next(turns for turns in count(least | 1, 2) if (turns - 1) % channels == 0)


def front_end_of(
    design: Design,
    channels: int,
    neighbours: NDArray[np.integer[Any]] | None = None,
    close: NDArray[np.bool_] | None = None,
    *,
    noise_shift: int = FrontEnd.noise_shift,
    queue: int | None = None,
) -> FrontEnd:
    """The detector of ``design`` for ``channels`` channels; its buffer keeps some events while others are in their way.

    Args:
        design: converter, snippet, threshold, polarity, times and kind of block.
        channels: C.
        neighbours: (C, M) for neighbourhoods.
        close: (C, C), which channels may see the same event, itself among them; those between the first and the last
            of a row are taken in.
        noise_shift: as in :class:`FrontEnd`.
        queue: likewise; as many as ``RATE_HZ`` spikes a second on every channel need
            (:func:`spikecae.front_end.places.places_for`) if left out.

    Raises:
        ValueError: a neighbourhood without its tables, a queue with them, or no such detector.
    """
    if (design.block.kind == "neighbourhood") != (neighbours is not None and close is not None):
        raise ValueError(
            f"design {design.name!r} codes a {design.block.kind}: neighbours and close belong to neighbourhoods"
        )
    recording, block = design.recording, design.block
    rows: tuple[tuple[int, ...], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    if neighbours is not None and close is not None:
        rows = tuple(tuple(int(channel) for channel in row) for row in neighbours)
        spans = tuple((int(near[0]), int(near[-1])) for near in map(np.flatnonzero, close))
    roomy = FrontEnd(
        channels=channels,
        samples=block.samples,
        peak=recording.peak,
        polarity=recording.polarity,
        gain=recording.gain,
        search=recording.search,
        refractory=recording.refractory,
        frames=1 << 12,
        noise_shift=noise_shift,
        turns=turns_for(channels),
        bits=design.adc.bits,
        zero=design.adc.zero,
        neighbours=rows,
        close=spans,
        band_pass=designed_band_pass(design),
    )
    if queue is None:
        queue = places_for(channels * RATE_HZ * roomy.frames_under_way / recording.sampling_rate_hz)
    roomy = replace(roomy, queue=queue)
    needed = roomy.frames_needed
    waiting = 0 if roomy.in_parts else math.ceil(WAITING * 2 * roomy.spikes * roomy.samples / channels)
    return replace(roomy, frames=needed + min(waiting, needed))


def designed_band_pass(design: Design) -> BandPass | None:
    """The filter that the design's ``[front_end]`` asks for, if it asks for one.

    Raises:
        ValueError: as for :func:`spikecae.front_end.band_pass.band_pass_of`.
    """
    recording, wanted = design.recording, design.front_end
    if wanted is None or not wanted.filtered:
        return None
    edges = {edge: recording.band_hz[edge == "high"] for edge in wanted.filtered}
    return band_pass_of(edges, wanted.filter_order, recording.sampling_rate_hz)


def designed_front_end(design: Design) -> FrontEnd | None:
    """The detector that the design's ``[front_end]`` asks for, if it has one.

    Raises:
        ValueError: as for :func:`front_end_of`.
    """
    wanted = design.front_end
    if wanted is None:
        return None
    positions, neighbours, close = np.array(wanted.contacts_um), None, None
    if design.block.kind == "neighbourhood":
        neighbours = nearest_contacts(positions, design.block.spikes)
        close = close_contacts(positions, design.recording.radius_um)
    return front_end_of(
        design, len(positions), neighbours, close, noise_shift=wanted.noise_shift, queue=wanted.queue or None
    )
