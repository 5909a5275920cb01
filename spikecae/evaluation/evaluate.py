"""An encoder on one's own recording, without training."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikecae.cores import threads_of
from spikecae.errors import InputError
from spikecae.evaluation.measures import amplitude_errors, groups_of, pca_beside, quality_of
from spikecae.evaluation.page import page
from spikecae.evaluation.quality import SAMPLE_BITS, spike_decibels
from spikecae.evaluation.result import Evaluation, OwnSpikes
from spikecae.evaluation.sample import Sample, take_sample
from spikecae.evaluation.shown import Shown, chosen_blocks
from spikecae.evaluation.sorting import check_sorter, sort_before_and_after
from spikecae.evaluation.units import units_of
from spikecae.evaluation.verdict import judge
from spikecae.files import write_text
from spikecae.front_end.adc import codes_to_units
from spikecae.recordings.chosen import Codec
from spikecae.recordings.prepared import Prepared

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording, BaseSorting

__all__ = ["Evaluated", "evaluate"]

JSON_FILE, PAGE_FILE = "evaluation.json", "evaluation.html"
SMALLEST_WORST = 5
"""Percent of the peaks that are off by more than what is called the worst."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Figures, and what the page shows beside them."""

    figures: Evaluation
    shown: Shown

    def __str__(self) -> str:
        told = self.figures
        found = told.encoder
        return (
            f"{told.codec} on {told.spikes:,} spikes of {told.looked_at_s:.1f} s: SNDR {found.sndr_mean_db:.1f} dB "
            f"(global {found.sndr_global_db:.1f}, worst 5 % {found.sndr_worst_db:.1f}) at {found.bits_per_spike:.1f} "
            f"bits a spike, {told.compression_ratio:.1f} times less than 16 bits a sample\n"
            f"{'retrain' if told.retrain else 'no need to retrain'}: {'; '.join(told.reasons)}"
            f"{'' if told.sorting is None else f'{chr(10)}{told.sorting}'}"
        )

    def save(self, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
        """Write ``evaluation.json`` and ``evaluation.html``, one page that needs nothing else, into ``folder``."""
        paths = Path(folder) / JSON_FILE, Path(folder) / PAGE_FILE
        write_text(paths[0], self.figures.model_dump_json(indent=1) + "\n")
        write_text(paths[1], page(self.figures, self.shown))
        return paths


def evaluate(
    recording: "BaseRecording",
    codec: str | os.PathLike[str],
    *,
    sorting: "BaseSorting | None" = None,
    sorter: str | None = None,
    groups: str | None = None,
    uv_per_step: float | None = None,
    n_jobs: int | None = None,
    progress: bool = True,
) -> Evaluated:
    """What an encoder, as it is, makes of the spikes of a recording: quality, rate, and whether to retrain.

    Of a long recording, stretches at equal distances are looked at. Arguments beside ``sorting`` and ``sorter`` are
    those of :func:`spikecae.recordings.compress.compress`.

    Args:
        recording: any of SpikeInterface's.
        codec: a shipped design, or a folder.
        sorting: of the recording; errors are then told for each unit, in place of each channel.
        sorter: one of SpikeInterface's that is installed, such as ``tridesclous2``, to run on the recording and on what
            comes back.
        groups: a property; a neighbourhood is of channels with one value of it.
        uv_per_step: µV in a step of the converter.
        n_jobs: threads.
        progress: whether to show a bar.

    Raises:
        InputError: recording and codec do not go together, or there are too few spikes: the message says what to do.
    """
    jobs = threads_of(n_jobs)
    if sorting is not None and not hasattr(sorting, "unit_ids"):
        raise InputError(f"sorting is a {type(sorting).__name__}; give one of SpikeInterface's (spikeinterface.load)")
    if sorter is not None:
        check_sorter(sorter)
    prepared = Prepared(recording, codec, groups, uv_per_step)
    sample = take_sample(prepared, jobs, progress=progress)
    recorded, spec = prepared.header.recording, prepared.codec.spec
    assert recorded is not None  # Prepared says what was recorded
    neighbourhood = recorded.neighbours is not None
    whole = quality_of(sample.original, sample.decoded, float(sample.bits.sum()))

    # One row an event: a block of a neighbourhood, a spike of a queue.
    shape = (-1, spec.spikes if neighbourhood else 1, spec.samples)
    original, decoded = sample.original.reshape(shape), sample.decoded.reshape(shape)
    channels = sample.channels if neighbourhood else np.repeat(sample.channels, spec.spikes)
    rows = np.array(recorded.neighbours)[channels] if recorded.neighbours is not None else channels[:, None]
    place = np.arange(len(original)), (rows == channels[:, None]).argmax(axis=1), recorded.peak
    peaks = amplitude_errors(original[place], decoded[place])
    if sorting is None:
        names, number = [str(name) for name in recorded.channel_ids], channels
    else:
        names, number = units_of(sorting, recorded, sample.times.ravel(), channels, prepared.arrangement.close)

    half = len(sample.codes) // 2
    later = quality_of(sample.original[half:], sample.decoded[half:], float(sample.bits[half:].sum()))
    vectors = codes_to_units(sample.codes, prepared.adc).reshape(len(sample.codes), -1, shape[1] * shape[2])
    width = vectors.shape[-1]
    pca, missing, curve, pca_decibels = pca_beside(
        vectors[:half].reshape(-1, width),
        vectors[half:].reshape(-1, width),
        sample.original[half:].reshape(-1, spec.samples),
        later.bits_per_spike,
    )
    own = _own_spikes(prepared.codec)
    linear = prepared.codec.design.encoder.kind == "linear"
    retrain, reasons = judge(whole, later, pca, own, fitted_beats_pca=linear)
    spikes = int(np.prod(sample.original.shape[:2]))
    looked_at = sample.looked_at_s * recorded.sampling_rate_hz * len(recorded.channel_ids)
    figures = Evaluation(
        codec=spec.design,
        spec_hash=spec.hash,
        recording=recorded,
        unit=prepared.header.unit,
        lsb=prepared.adc.lsb,
        events=len(original),
        spikes=spikes,
        duration_s=sum(recorded.segment_samples) / recorded.sampling_rate_hz,
        looked_at_s=sample.looked_at_s,
        encoder=whole,
        wire_bits_per_spike=sample.wire_bits / spikes,
        compression_ratio=SAMPLE_BITS * spec.samples / whole.bits_per_spike,
        recording_ratio=SAMPLE_BITS * looked_at / sample.wire_bits,
        escaped_percent=None if sample.escaped is None else 100 * sample.escaped,
        clipped_percent=100 * sample.clipped,
        amplitude_bias_percent=float(np.nanmedian(peaks)),
        amplitude_error_percent=float(np.nanmedian(np.abs(peaks))),
        amplitude_error_worst_percent=float(np.nanpercentile(np.abs(peaks), 100 - SMALLEST_WORST)),
        later_half=later,
        pca=pca,
        pca_missing=missing,
        pca_curve=curve,
        own_spikes=own,
        grouped_by="channel" if sorting is None else "unit",
        groups=groups_of(names, number, original, decoded, peaks),
        sorting=None
        if sorter is None
        else sort_before_and_after(
            recording,
            codec,
            sorter,
            sorting,
            groups=groups,
            uv_per_step=prepared.adc.lsb,
            n_jobs=jobs,
            progress=progress,
        ),
        retrain=retrain,
        reasons=reasons,
    )
    return Evaluated(figures, _shown(prepared, sample, pca_decibels, peaks))


def _shown(prepared: Prepared, sample: Sample, pca: NDArray[np.float64], peaks: NDArray[np.float64]) -> Shown:
    decibels = spike_decibels(sample.original, sample.decoded)
    chosen = chosen_blocks(decibels)
    return Shown(
        decibels=decibels[np.isfinite(decibels)],
        pca_decibels=pca[np.isfinite(pca)],
        amplitude_errors=peaks[np.isfinite(peaks)],
        original=sample.original[chosen],
        decoded=sample.decoded[chosen],
        of_blocks=[float(np.nanmean(decibels[block])) for block in chosen],
        peak=prepared.codec.design.recording.peak,
    )


def _own_spikes(codec: Codec) -> OwnSpikes | None:
    """What ``training.json`` beside the spec says of held-out spikes."""
    path = codec.folder / "training.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    test = told["test"]
    return OwnSpikes(data=told["data"], sndr_mean_db=test["sndr_mean_db"], bits_per_spike=test["bits_per_spike"])
