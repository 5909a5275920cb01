import numpy as np

from experiments.fig7 import CHANNELS, blocks
from experiments.training import DESIGNS
from spikecae.design import load_design


def test_shuffled_blocks_hold_the_same_spikes() -> None:
    design = load_design(DESIGNS / "wave_clus.toml")
    kept, shuffled = (blocks(design, seed=1, shuffle=shuffle, duration_s=3.0) for shuffle in (False, True))
    assert (kept.channels == np.arange(CHANNELS)).all()
    places = np.argsort(shuffled.channels, axis=1)
    np.testing.assert_array_equal(np.take_along_axis(shuffled.snippets, places[:, :, None], axis=1), kept.snippets)
    first = (shuffled.channels[:, 0] == 0).mean()
    assert abs(first - 1 / CHANNELS) < 0.1
    assert kept.provenance == "synthetic"
