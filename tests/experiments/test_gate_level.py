import numpy as np
import pytest

from experiments.gate_level import scaled
from spikecae.design import Adc, Design


@pytest.mark.parametrize(
    ("signed", "codes", "louder"),
    [(True, [-20, 0, 3, 31], [-32, 0, 6, 31]), (False, [12, 32, 35, 63], [0, 32, 38, 63])],
)
def test_louder_spikes_stay_within_the_converter(
    tiny: Design, signed: bool, codes: list[int], louder: list[int]
) -> None:
    design = tiny.model_copy(update={"adc": Adc(bits=6, lsb=1.0, signed=signed)})
    found = scaled(np.array(codes, np.int16), 2.0, design)
    assert (found.dtype, found.tolist()) == (np.int16, louder)
