from typing import Any

import numpy as np
import pytest

from experiments.new_spikes import moved_probe, only, overlapping
from model.datasets import Split
from model.datasets.synthetic import synthetic_recording
from spikecae.design import Design

BLOCKS = 12


def split_of(spikes: np.ndarray, channels: np.ndarray) -> Split:
    return Split(spikes.astype(np.int16), spikes.astype(np.float32), np.zeros(channels.shape), channels)


def test_what_is_left_out_and_what_is_kept() -> None:
    number = np.arange(2 * BLOCKS)
    split = split_of(np.tile(number.reshape(-1, 2, 1), 16), number.reshape(-1, 2).astype(np.int32))
    kept = only(split, number % 3 != 0)
    rows = np.array([n for n in number if n % 3])
    np.testing.assert_array_equal(kept.adc[..., 5].ravel(), rows[: len(rows) // 2 * 2])
    np.testing.assert_array_equal(kept.channels.ravel(), kept.adc[..., 0].ravel())
    assert kept.spikes.shape == kept.adc.shape
    assert kept.times_s.shape == kept.adc.shape[:2]


def test_an_event_of_the_same_contacts_is_added_later() -> None:
    number = np.arange(BLOCKS)
    spikes = np.broadcast_to(2.0 ** number[:, None, None], (BLOCKS, 2, 16))
    split = split_of(spikes, np.stack([number % 3, number % 3 + 1], axis=1).astype(np.int32))
    added = overlapping(split, 4, 6, seed=1) - split.spikes
    assert (added == added[:, :1]).all(), "all contacts at the same time"
    assert set((added[:, 0] == 0).sum(axis=1).tolist()) == {4, 5, 6}
    others = np.log2(added[:, 0, -1])
    np.testing.assert_array_equal(others % 3, number % 3)
    assert (others != number).all()
    assert sorted(others) == number.tolist(), "each is added once"


def test_a_probe_that_has_not_moved_has_the_embedded_recording(tiny: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    short = tiny.model_copy(update={"synthetic": tiny.synthetic.model_copy(update={"duration_s": 2.0})})
    monkeypatch.setattr("experiments.new_spikes.load_dataset", lambda design, recording, description: recording)

    def traces(moved_um: float) -> np.ndarray:
        recording: Any = moved_probe(short, moved_um)
        return np.asarray(recording.get_traces(end_frame=3000))

    whole = synthetic_recording(short).get_traces(end_frame=3000)
    assert np.array_equal(traces(0.0), whole)
    moved = traces(7.5)
    assert moved.shape == whole.shape
    assert not np.array_equal(moved, whole)
