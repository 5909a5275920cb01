"""What an implant hears, in short: background noise, and then test spikes in it."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from rtl.manifest import Manifest
from spikecae.design import Design
from spikecae.design.recording import MEDIAN_OF_NORMAL
from spikecae.front_end.detector import SpikeDetector
from spikecae.front_end.front_end import FrontEnd

__all__ = ["SEED", "Background", "heard_by", "listen"]

EDGE = 8
"""Samples at a snippet's beginning that are noise alone, if its peak is twice as far from there."""
ORDER = 2
"""Of the band-pass, at either edge of the band."""
DRAWS = 20
EVENTS = 8
QUIET_SAMPLES = 4096
"""At least, and whole frames."""
NO_SPIKE = 2.0
"""Deviations that noise does not exceed while the detector settles: many channels take long to."""
SEED = 1


@dataclass(frozen=True, eq=False)
class Background:
    """A recording in three parts: the detector settles, then hears nothing but noise, then ``events`` spikes.

    Attributes:
        codes: (frames, channels).
        settled: frame from which on there is noise alone, with every estimate settled, and moved since.
        spikes: frame from which on there are spikes; the last of them is sent before the end.
        events: spikes, of a neighbourhood with its neighbours' snippets.
        deviation: of the noise, in codes: that of the snippets' first samples.
    """

    codes: NDArray[np.int64]
    settled: int
    spikes: int
    events: int
    deviation: float


def heard_by(design: Design, front_end: FrontEnd, manifest: Manifest, adc: NDArray[np.int16]) -> Background:
    """What a design's compressor is to hear.

    Args:
        design: sampling rate and band.
        front_end: its detector.
        manifest: of the compressor, which says how long a spike is under way.
        adc: (n, M, D) ADC codes of test spikes.

    Raises:
        ValueError: as for :func:`listen`.
    """
    low, high = (edge / design.recording.sampling_rate_hz for edge in design.recording.band_hz)
    sending = manifest.latency_cycles + 2 * manifest.cycles_per_block + 8 * EVENTS * manifest.packet_buffer_bytes
    return listen(
        front_end,
        adc,
        (low, high),
        quiet_frames=ceil(QUIET_SAMPLES / front_end.channels),
        events=EVENTS,
        tail_frames=front_end.earliest + ceil(sending / front_end.channels),
        seed=SEED,
    )


def listen(
    front_end: FrontEnd,
    blocks: NDArray[np.int16],
    band: tuple[float, float],
    *,
    quiet_frames: int,
    events: int,
    tail_frames: int,
    seed: int,
) -> Background:
    """Gaussian noise of a band on every channel, and some of the test spikes. Before the part with noise alone, which
    may be long, no sample of it is large.

    Args:
        front_end: the detector that hears it.
        blocks: (n, M, D) codes of the test split; of a queue, each spike is its own event.
        band: edges of the noise, in cycles a sample.
        quiet_frames: frames of noise alone.
        events: spikes in the last part.
        tail_frames: frames behind the last spike, in which it is encoded and sent.
        seed: of noise, places and spikes.

    Raises:
        ValueError: a spike begins with its peak, or the golden detector does not find these spikes and no others,
            however often they are drawn.
    """
    heard = blocks.astype(np.int64) - front_end.zero
    before = min(EDGE, front_end.peak // 2)
    if not before:
        raise ValueError(
            f"recording.peak = {front_end.peak} leaves no noise before the spikes; cut snippets with a later peak"
        )
    deviation = max(1.0, float(np.median(np.abs(heard[..., :before]))) / MEDIAN_OF_NORMAL)
    if not front_end.neighbours:
        heard = heard.reshape(-1, 1, heard.shape[-1])
    samples = front_end.samples
    apart = not front_end.neighbours and events <= front_end.channels  # then spikes do not disturb each other
    spacing = samples + front_end.rival_time + 1
    if apart:
        spacing = -(-4 * samples // min(front_end.channels, 64))  # each is copied and sent before the next
    settled = front_end.settling + front_end.turns + front_end.threshold_frames
    spikes = settled + quiet_frames
    frames = spikes + events * spacing + samples + tail_frames
    for draw in range(seed, seed + DRAWS):
        rng = np.random.default_rng(draw)
        x = _noise(rng, (frames, front_end.channels), band) * deviation
        x[:settled] = x[:settled].clip(-NO_SPIKE * deviation, NO_SPIKE * deviation)
        peaks = rng.choice(front_end.channels, events, replace=not apart)
        for number, (peak, event) in enumerate(zip(peaks, rng.choice(heard, events, replace=False), strict=True)):
            start = spikes + number * spacing
            row = front_end.neighbours[peak] if front_end.neighbours else (peak,)
            x[start : start + samples, list(row)] = event.T
        codes = (np.floor(x + 0.5).astype(np.int64) + front_end.zero).clip(front_end.minimum, front_end.maximum)
        found = SpikeDetector(front_end).push(codes)
        if len(found.times) == events and (found.times >= spikes).all():
            return Background(codes, settled, spikes, events, deviation)
    raise ValueError(
        f"the golden detector does not find {events} planted spikes, and none beside them, in any of {DRAWS} draws; "
        f"the noise is {deviation:.1f} codes deep, half of the spikes are {np.median(np.abs(heard).max(axis=-1)):.0f} "
        "high: give larger spikes, or a finer adc.lsb"
    )


def _noise(rng: np.random.Generator, shape: tuple[int, int], band: tuple[float, float]) -> NDArray[np.float64]:
    """Of deviation 1."""
    sections = butter(ORDER, [2 * edge for edge in band], "bandpass", output="sos")
    x: NDArray[np.float64] = sosfilt(sections, rng.normal(size=shape), axis=0)
    x /= x.std()
    return x
