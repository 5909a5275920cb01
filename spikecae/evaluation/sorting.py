"""A sorter before and after: on the recording as it is, and on what an encoder leaves of it."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from spikecae.errors import InputError
from spikecae.evaluation.result import OfUnit, Sorted
from spikecae.evaluation.units import shares_with_event
from spikecae.recordings.arrangement import arrange
from spikecae.recordings.chosen import choose_codec
from spikecae.recordings.compress import compress
from spikecae.recordings.read import read_scae

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording, BaseSorting

__all__ = ["MATCHED", "check_sorter", "sort_before_and_after"]

LONGEST_S = 300.0
MOST_VALUES = 1 << 30
"""Of the part that is sorted, all channels together: what bounds disk and time."""
MATCHED = 0.5
"""Agreement of two units, above which they are the same: SpikeInterface's own."""


def check_sorter(sorter: str) -> None:
    """Make sure that SpikeInterface can run it here.

    Raises:
        InputError: it cannot.
    """
    from spikeinterface.sorters import available_sorters, installed_sorters

    if sorter in available_sorters() and sorter in installed_sorters():
        return
    what = "is none that SpikeInterface knows"
    if sorter in available_sorters():
        what = "is not installed, or lacks packages (of SpikeInterface's own: pip install 'spikecae[sorting]')"
    raise InputError(f"sorter {sorter!r} {what}; here are {', '.join(installed_sorters())}")


def sort_before_and_after(
    recording: "BaseRecording",
    codec: str | os.PathLike[str],
    sorter: str,
    truth: "BaseSorting | None",
    *,
    groups: str | None,
    uv_per_step: float | None,
    n_jobs: int,
    progress: bool,
) -> Sorted:
    """Sort the first 300 s, as recorded and as decoded, with white noise between the decoded spikes.

    Segments follow each other. Both are turned round for a codec of positive peaks, as sorters look for negative ones.

    Args:
        recording, codec, groups, uv_per_step, n_jobs, progress: as of :func:`spikecae.recordings.compress.compress`.
        sorter: by SpikeInterface's name.
        truth: units that are known; else those found before are compared with those found after.

    Raises:
        InputError: the sorter fails.
    """
    from spikeinterface.comparison import compare_sorter_to_ground_truth, compare_two_sorters
    from spikeinterface.core import concatenate_recordings
    from spikeinterface.preprocessing import scale

    rate, channels = recording.get_sampling_frequency(), recording.get_num_channels()
    length = min(recording.get_total_samples(), round(LONGEST_S * rate), MOST_VALUES // channels)
    part = concatenate_recordings([recording]).frame_slice(0, length)
    turned = choose_codec(codec).design.recording.polarity == "positive"
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        compress(part, codec, folder / "out", groups=groups, uv_per_step=uv_per_step, n_jobs=n_jobs, progress=progress)
        raw = part.save(folder=folder / "raw", n_jobs=1, progress_bar=False, verbose=False)
        spikes = read_scae(folder / "out")
        back = spikes.to_recording(noise=True)
        found = [
            _sorted(sorter, scale(each, gain=-1.0) if turned else each, folder / name, name)
            for each, name in ((raw, "before"), (back, "after"))
        ]
        before, after = found
        known = before if truth is None else _first(truth, recording, length)
        close = arrange(part, choose_codec(codec).design, groups).close
        own = shares_with_event(known, spikes.recorded, spikes.sample, spikes.channel, close)
        if truth is not None:
            scores = [compare_sorter_to_ground_truth(known, each, exhaustive_gt=False) for each in found]
            were, are = (each.get_performance()["accuracy"] for each in scores)
        else:
            agreement = compare_two_sorters(before, after).agreement_scores
            were = dict.fromkeys(before.unit_ids, 1.0)
            are = agreement.max(axis=1) if len(after.unit_ids) else dict.fromkeys(before.unit_ids, 0.0)
        units = [
            OfUnit(
                name=str(unit),
                spikes=len(known.get_unit_spike_train(unit, segment_index=0)),
                with_event=share,
                before=float(were[unit]),
                after=float(are[unit]),
            )
            for unit, share in zip(known.unit_ids, own, strict=True)
        ]
        return Sorted(
            sorter=sorter,
            seconds=length / rate,
            units_before=len(before.unit_ids),
            units_after=len(after.unit_ids),
            against="units before" if truth is None else "known units",
            units=sorted((unit for unit in units if unit.spikes), key=lambda unit: unit.after - unit.before),
        )


def _sorted(sorter: str, recording: "BaseRecording", folder: Path, name: str) -> Any:
    from spikeinterface.sorters import run_sorter

    try:
        return run_sorter(sorter, recording, folder=folder, verbose=False)
    except Exception as error:  # every sorter raises its own
        said = str(error).strip().split("\n")[-1][:200] if "\n" not in str(error) else _last_error(str(error))
        raise InputError(
            f"sorter {sorter!r} fails on the recording {name} compression ({said}); take another, or leave it out"
        ) from None


def _last_error(said: str) -> str:
    """The line of a traceback that says what went wrong."""
    lines = [line.strip() for line in said.splitlines()]
    return next((line for line in reversed(lines) if "Error" in line.split(":")[0]), lines[0])[:200]


def _first(sorting: "BaseSorting", recording: "BaseRecording", length: int) -> "BaseSorting":
    """The spikes of all segments, one after the other, up to ``length``."""
    from spikeinterface.core import NumpySorting

    segments = range(recording.get_num_segments())
    starts = np.cumsum([0, *(recording.get_num_samples(segment) for segment in segments)])
    trains = {
        unit: np.concatenate([starts[segment] + sorting.get_unit_spike_train(unit, segment) for segment in segments])
        for unit in sorting.unit_ids
    }
    cut = {unit: train[train < length] for unit, train in trains.items()}
    return NumpySorting.from_unit_dict([cut], recording.get_sampling_frequency())
