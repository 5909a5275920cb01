import numpy as np
import pytest

from model.normalization import Normalization
from quantize.normalization import input_table
from spikecae.golden.normalize import normalize
from spikecae.stages import Normalize


@pytest.mark.parametrize("deviation", [(8.0, 8.0, 8.0), (3.7, 21.5, 400.25)])
def test_integers_are_the_normalized_samples_to_half_a_step(deviation: tuple[float, ...]) -> None:
    normalization = Normalization(np.array([3, -40, 0], np.int16), np.array(deviation, np.float32))
    table = input_table(normalization, exponent=4)
    stage = Normalize("normalize", table.offset, table.gain, table.shift, 4)
    adc = np.random.default_rng(0).integers(-300, 300, (500, 3)).astype(np.int16)
    exact = normalization.apply(adc).astype(np.float64) * 16
    inside = np.abs(exact) < 127
    error = np.abs(normalize(stage, adc) - exact)[inside]
    assert inside.sum() > 100
    assert error.max() <= 0.5 + 127 * 2**-9  # half a step, and a gain of at least 9 bits
    assert table.gain.max() >= 1 << 15  # all 16 bits are used


def test_a_gain_out_of_reach_is_refused_with_a_remedy() -> None:
    tiny = Normalization(np.zeros(2, np.int16), np.array([1e-5, 1e-5], np.float32))
    uneven = Normalization(np.zeros(2, np.int16), np.array([1.0, 1e6], np.float32))
    for normalization in (tiny, uneven):
        with pytest.raises(ValueError, match=r"adc\.lsb"):
            input_table(normalization, exponent=5)
