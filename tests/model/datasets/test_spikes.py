import numpy as np
import pytest

from model.datasets import SpikeTable, split_at_random, split_by_time
from model.datasets.spikes import halves, split_ends
from spikecae.design import Design


def queue_of(design: Design) -> Design:
    return design.model_copy(update={"block": design.block.model_copy(update={"kind": "queue"})})


def table(count: int, width: int, channels: list[int]) -> SpikeTable:
    """Spikes that carry their own number in every sample."""
    number = np.arange(count, dtype=np.float32)
    where = np.array([channels[i % len(channels)] for i in range(count)], np.int32)
    return SpikeTable(
        snippets=np.tile(number[:, None, None], (1, width, 16)),
        times_s=number.astype(np.float64) / 10,
        channels=np.tile(where[:, None], (1, width)),
        provenance="synthetic",
        source="numbered spikes",
    )


def test_first_half_trains_and_validates_second_half_tests(tiny: Design) -> None:
    spikes = split_by_time(table(100, 2, [0]), tiny)
    assert (len(spikes.train), len(spikes.validation), len(spikes.test)) == (44, 6, 50)
    assert spikes.train.times_s.max() < spikes.validation.times_s.min()
    assert spikes.validation.times_s.max() < spikes.test.times_s.min()
    assert spikes.dropped_spikes == 0
    np.testing.assert_array_equal(spikes.test.spikes[:, 0, 0], np.arange(50, 100))


def test_halves_are_where_the_split_is(tiny: Design) -> None:
    for count in (100, 101):
        spikes = split_by_time(table(count, 2, [0]), tiny)
        first, second = (np.arange(count)[half] for half in halves(count))
        learned = np.concatenate([split.spikes[:, 0, 0] for split in (spikes.train, spikes.validation)])
        assert learned.tolist() == first.tolist()
        assert spikes.test.spikes[:, 0, 0].tolist() == second.tolist()


def test_a_queue_holds_successive_spikes_of_one_channel(tiny: Design) -> None:
    spikes = split_by_time(table(101, 1, [3, 5, 5]), queue_of(tiny))
    seen = []
    for split in (spikes.train, spikes.validation, spikes.test):
        assert (split.channels == split.channels[:, :1]).all()
        for channel in (3, 5):
            numbers = split.spikes[split.channels[:, 0] == channel, :, 0].ravel()
            own = [i for i in range(101) if (3, 5, 5)[i % 3] == channel]
            first = own.index(int(numbers[0]))
            assert numbers.tolist() == own[first : first + len(numbers)]
        np.testing.assert_allclose(split.times_s, split.spikes[:, :, 0] / 10, rtol=1e-6)
        seen += split.spikes[:, :, 0].ravel().tolist()
    assert len(seen) == len(set(seen)) == 101 - spikes.dropped_spikes
    assert max(spikes.train.spikes.max(), spikes.validation.spikes.max()) < spikes.test.spikes.min()


def test_a_random_split_draws_both_halves_from_all_times(tiny: Design) -> None:
    numbered = table(400, 1, [0])
    spikes, again, other = (split_at_random(numbered, queue_of(tiny), seed) for seed in (1, 1, 2))
    parts = [split.spikes[:, :, 0].ravel() for split in (spikes.train, spikes.validation, spikes.test)]
    seen = np.concatenate(parts)
    assert len(seen) == len(set(seen.tolist())) == 400 - spikes.dropped_spikes
    assert len(spikes.test) == 400 // 2 // tiny.block.spikes
    for part in (parts[0], parts[2]):
        assert (np.diff(part) > 0).all()
        assert abs(part.mean() - 200) < 30
    np.testing.assert_array_equal(spikes.test.spikes, again.test.spikes)
    assert not np.array_equal(spikes.test.spikes, other.test.spikes)


def test_ends_leave_out_the_middle(tiny: Design) -> None:
    numbered = table(300, 1, [0])
    spikes = split_ends(numbered, queue_of(tiny), first=100, last=40)
    assert max(spikes.train.spikes.max(), spikes.validation.spikes.max()) == 99
    assert len(spikes.train) + len(spikes.validation) == 100 // tiny.block.spikes
    np.testing.assert_array_equal(spikes.test.spikes[:, :, 0].ravel(), np.arange(260, 300))
    with pytest.raises(ValueError, match="first \\+ last must be at most the 300 spikes that there are: 301"):
        split_ends(numbered, queue_of(tiny), first=200, last=101)


def test_clipping_is_counted(tiny: Design) -> None:
    numbered = table(40, 2, [0])
    loud = numbered.snippets.copy()
    loud[[2, 30], :, 3:5] = 5000.0
    spikes = split_by_time(SpikeTable(**{**vars(numbered), "snippets": loud}), tiny)
    assert spikes.clipped_samples == 2 * 2 * 2
    assert spikes.total_samples == 40 * 2 * 16
    assert spikes.train.adc.max() == tiny.adc.maximum


def test_too_few_spikes_are_refused(tiny: Design) -> None:
    with pytest.raises(
        ValueError, match="numbered spikes: 5 spikes leave 0 blocks of 2 spikes to the train split, and 8 are needed"
    ):
        split_by_time(table(5, 1, [0]), queue_of(tiny))
