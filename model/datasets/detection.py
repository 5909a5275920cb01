"""Spikes of a continuous recording: band-pass, threshold, alignment to the peak, neighbourhoods.

The threshold is the paper's: 5 times median(|x|) / 0.6745 of each channel (Quiroga et al. 2004), over the whole
recording (:mod:`model.datasets.noise`). Spikes near what is no signal are left out (:mod:`model.datasets.faults`).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.data_quality import DataQuality, LeftOut
from model.datasets.faults import Stretches, by_cause
from model.datasets.noise import NoiseSurvey, survey
from model.datasets.signal import Signal
from model.datasets.spikes import SpikeTable
from model.datasets.units import rate_fault
from spikecae.design import Design
from spikecae.front_end.geometry import close_contacts, nearest_contacts
from spikecae.opening.provenance import Provenance
from spikecae.recordings.peaks import find_peaks

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["detect_spikes"]

LEAST_S = 0.1
"""A segment that is shorter does not tell its noise."""
NAMED_STRETCHES = 8


def detect_spikes(
    recording: "BaseRecording", design: Design, provenance: Provenance, source: str, scale: ArrayLike = 1.0
) -> SpikeTable:
    """All spikes of a raw ``recording``, in order of time, its segments one after the other.

    A neighbourhood is the same event on the M contacts nearest to the one where it is largest, in order of position
    along the probe. For a queue, every channel is detected on its own. ``scale``, one or one a channel, times what is
    stored is in recording units.

    Raises:
        ValueError: too few channels, another sampling rate, no contact positions where they are needed, too short,
            too few channels with a signal, or no spike.
    """
    wanted, block = design.recording, design.block
    channels, neighbourhood = recording.get_num_channels(), block.kind == "neighbourhood"
    if neighbourhood and channels < block.spikes:
        raise ValueError(
            f"{source}: the recording has {channels} channels, design {design.name!r} codes neighbourhoods of "
            f"{block.spikes}; use a recording with at least {block.spikes} channels or another design"
        )
    if fault := rate_fault(recording.get_sampling_frequency(), design):
        raise ValueError(f"{source}: {fault}")
    positions = _positions(recording, block.spikes, source) if neighbourhood else np.zeros((channels, 2))
    signal = Signal(recording, design, scale)
    segments, left_out = _long_enough(signal, source)
    placed = np.flatnonzero(np.isfinite(positions).all(axis=1))
    left_out += [
        LeftOut(what=f"channel {signal.names[channel]}", reason="its contact has no position")
        for channel in np.setdiff1d(np.arange(channels), placed)
    ]
    noise = survey(signal.only(placed), segments)
    kept, left_out = placed[noise.kept], left_out + noise.left_out
    quality = DataQuality(
        duration_s=sum(map(signal.samples, range(recording.get_num_segments()))) / signal.rate_hz,
        segments=recording.get_num_segments(),
        channels=channels,
        left_out=left_out,
        noise=noise.range,
        notes=noise.notes,
    )
    if len(kept) < (block.spikes if neighbourhood else 1) or noise.range is None:
        needed = f"design {design.name!r} codes neighbourhoods of {block.spikes}" if neighbourhood else "none is left"
        raise ValueError(
            f"{source}: {len(kept)} of {channels} channels can be used, {needed}; {quality.summary}; "
            f"mend the recording or use another one"
        )
    if neighbourhood:
        nearest = nearest_contacts(positions[kept], block.spikes)
        close = close_contacts(positions[kept], wanted.radius_um)
    else:
        nearest, close = np.arange(len(kept))[:, None], np.eye(len(kept), dtype=bool)
    return _detected(signal.only(kept), segments, noise, nearest, close, design, kept, provenance, source, quality)


def _detected(
    signal: Signal,
    segments: list[int],
    noise: NoiseSurvey,
    nearest: NDArray[np.intp],
    close: NDArray[np.bool_],
    design: Design,
    kept: NDArray[np.intp],
    provenance: Provenance,
    source: str,
    quality: DataQuality,
) -> SpikeTable:
    """The spikes of the channels ``kept``, which are those of ``signal``."""
    wanted = design.recording
    snippets, times, where = [], [], []
    excluded = np.zeros(0, np.uint8)
    stretches = Stretches(signal.names, signal.rate_hz)
    window = np.arange(design.block.samples) - wanted.peak
    for segment, deviation in zip(segments, noise.deviation, strict=True):
        if np.isnan(deviation).all():
            continue
        threshold, total = wanted.threshold * deviation, signal.samples(segment)
        before = sum(map(signal.samples, range(segment)))
        for piece in signal.chunks(segment):
            core = slice(piece.start - piece.first, piece.stop - piece.first)
            stretches.add(piece.faults[core], segment, piece.start, last=piece.stop == total)
            samples, peaks = find_peaks(piece.traces, threshold, close, wanted)
            fits = (samples + window[0] >= 0) & (samples + window[-1] < len(piece.traces))
            mine = fits & (samples + piece.first >= piece.start) & (samples + piece.first < piece.stop)
            samples, own = samples[mine], nearest[peaks[mine]]
            place = (samples[:, None] + window)[:, None, :], own[:, :, None]
            near = piece.near[place].max(axis=(1, 2), initial=0)
            good = near == 0
            excluded = np.concatenate([excluded, np.repeat(near[~good], own.shape[1])])
            snippets.append(piece.traces[place][good])
            times.append((samples[good] + (piece.first + before)) / signal.rate_hz)
            where.append(kept[own[good]])
    quality = quality.model_copy(
        update={
            "bad_samples": stretches.counts,
            "excluded_spikes": by_cause(excluded),
            "notes": stretches.sentences(NAMED_STRETCHES) + quality.notes,
        }
    )
    table = SpikeTable(
        snippets=np.concatenate(snippets).astype(np.float32),
        times_s=np.concatenate(times),
        channels=np.concatenate(where).astype(np.int32),
        provenance=provenance,
        source=source,
        quality=quality,
    )
    if not len(table.snippets):
        raise ValueError(
            f"{source}: no {wanted.polarity} peak beyond {wanted.threshold:g} noise deviations"
            f"{'; ' + quality.summary if quality.summary else ''}; check recording.polarity and recording.threshold"
        )
    return table


def _long_enough(signal: Signal, source: str) -> tuple[list[int], list[LeftOut]]:
    """Segments that can be used, and why others cannot."""
    needed, lengths = LEAST_S * signal.rate_hz, [signal.samples(segment) for segment in range(signal.segments)]
    used = [segment for segment, length in enumerate(lengths) if length >= needed]
    if not used:
        longest = max(lengths, default=0)
        raise ValueError(
            f"{source}: the recording lasts {longest / signal.rate_hz:.4f} s ({longest} samples); spikes are looked "
            f"for in {LEAST_S:g} s or more, give a longer one"
        )
    return used, [
        LeftOut(what=f"segment {segment}", reason=f"lasts {length / signal.rate_hz:.4f} s")
        for segment, length in enumerate(lengths)
        if length < needed
    ]


def _positions(recording: "BaseRecording", block: int, source: str) -> NDArray[np.float64]:
    """Of each channel's contact (x, y), µm; NaN where a probe does not say."""
    channels = recording.get_num_channels()
    if recording.has_probe():
        return np.asarray(recording.get_channel_locations()[:, :2], np.float64)
    if channels == block:
        return np.zeros((channels, 2))
    raise ValueError(
        f"{source}: the recording has no contact positions, and {channels} channels are more than one neighbourhood of "
        f"{block}; attach a probe to it (spikeinterface set_probe), or write contacts_um in a description (RAW=)"
    )
