import numpy as np
import torch

from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from quantize.choices import compare_choices, percentile_exponent
from spikecae.design import Design


def test_a_percentile_ignores_the_largest_values() -> None:
    values = torch.from_numpy(np.concatenate([np.linspace(0, 1, 999), [100.0]]))
    assert percentile_exponent(100)(values, signed=False, bits=8) == 1  # 100 · 2 fits 255
    assert percentile_exponent(99)(values, signed=False, bits=8) == 8  # 0.99 · 2^8 does
    assert percentile_exponent(99)(values, 2 * values, signed=True, bits=8) == 6  # the larger of the two, 7 bits


def test_least_error_costs_little_and_clipping_more_costs_more(
    tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset
) -> None:
    results = compare_choices(tiny, loaded, tiny_spikes)
    assert set(results) == {"float", "least error", "99 %", "99.9 %", "99.99 %", "100 %"}
    assert abs(results["least error"][0] - results["float"][0]) < 0.3
    assert all(0 < bits <= 4 for _, bits in results.values())
