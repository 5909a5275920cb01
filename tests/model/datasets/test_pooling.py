import numpy as np
import pytest

from model.datasets import SpikeTable, split_by_time
from model.datasets.pooling import pooled
from spikecae.design import Design


@pytest.fixture
def queue(tiny: Design) -> Design:
    return tiny.model_copy(update={"block": tiny.block.model_copy(update={"kind": "queue"})})


def table(count: int, value: float, source: str, provenance: str = "real") -> SpikeTable:
    return SpikeTable(
        snippets=np.full((count, 1, 16), value, np.float32),
        times_s=np.arange(count, dtype=np.float64),
        channels=np.zeros((count, 1), np.int32),
        provenance=provenance,  # type: ignore[arg-type]
        source=source,
    )


def test_each_recording_is_split_by_its_own_time(queue: Design) -> None:
    first, second = table(100, 3.0, "a"), table(60, 5.0, "b", "semi-synthetic")
    both = pooled([first, second], queue)
    parts = [split_by_time(one, queue) for one in (first, second)]
    for name in ("train", "validation", "test"):
        split = getattr(both, name)
        assert len(split) == sum(len(getattr(part, name)) for part in parts)
        for block, channels in zip(split.spikes, split.channels, strict=True):
            assert np.all(block == block[0, 0])
            assert np.all(channels == (0 if block[0, 0] == 3.0 else 1))
    assert (both.provenance, both.source) == ("semi-synthetic", "a + b")
    assert both.dropped_spikes == sum(part.dropped_spikes for part in parts)


def test_nothing_cannot_be_pooled(queue: Design) -> None:
    with pytest.raises(ValueError, match="no recordings to pool"):
        pooled([], queue)
