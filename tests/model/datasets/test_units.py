import numpy as np
import pytest

from model.datasets import load_dataset
from model.datasets.units import rate_fault, scale_fault, units_per_step
from spikecae.design import Design
from spikecae.opening.description import Description
from tests.recordings import codes, recorded, traces


def in_unit(design: Design, unit: str) -> Design:
    return design.model_copy(update={"recording": design.recording.model_copy(update={"unit": unit})})


INT16, FLOAT = np.dtype("int16"), np.dtype("float32")
SAYS_UV = np.full(2, 0.195)


@pytest.mark.parametrize(
    ("unit", "dtype", "file_gain", "said", "scale", "offset"),
    [
        ("uV", INT16, SAYS_UV, {}, 0.195, 0),
        ("mV", INT16, SAYS_UV, {}, 0.000195, 0),
        ("uV", FLOAT, None, {}, 1, 0),
        ("uV", FLOAT, None, {"unit": "V"}, 1e6, 0),
        ("uV", INT16, None, {"gain": 0.5, "unit": "mV", "offset": 2}, 500, 2000),
        ("uV", INT16, SAYS_UV, {"gain": 0.195}, 0.195, 0),
        ("1", INT16, None, {}, 1, 0),
        ("1", INT16, None, {"gain": [2.0, 2.0], "unit": "1", "offset": [3.0, 3.0]}, 2, 3),
    ],
)
def test_units_per_step(tiny, unit, dtype, file_gain, said, scale, offset) -> None:
    found = units_per_step(dtype, 2, file_gain, in_unit(tiny, unit), Description(**said), "it")
    np.testing.assert_allclose(found[0], np.full(2, scale))
    np.testing.assert_allclose(found[1], np.full(2, offset))


@pytest.mark.parametrize(
    ("unit", "dtype", "file_gain", "said", "message"),
    [
        (
            "uV",
            INT16,
            None,
            {},
            "it: its samples are int16 without a gain, and design 'tiny' works in 'uV'; write .*RAW=",
        ),
        ("1", INT16, None, {"unit": "uV"}, "without a gain"),
        ("1", INT16, SAYS_UV, {}, "in 'uV', design 'tiny' in '1'"),
        ("uV", FLOAT, None, {"unit": "1"}, "in '1', design 'tiny' in 'uV'"),
        ("uV", INT16, SAYS_UV, {"gain": 2.34}, "the file says 0.195 µV per step, its description 2.34"),
        ("uV", INT16, None, {"gain": [1.0, 1.0, 1.0]}, "gain has 3 values for 2 channels"),
        ("uV", INT16, SAYS_UV, {"offset": [1.0]}, "offset has 1 values for 2 channels"),
    ],
)
def test_units_that_do_not_go_together(tiny, unit, dtype, file_gain, said, message) -> None:
    with pytest.raises(ValueError, match=message):
        units_per_step(dtype, 2, file_gain, in_unit(tiny, unit), Description(**said), "it")


def test_rates_are_compared(tiny: Design) -> None:
    assert rate_fault(30_000.0, tiny) is None
    assert rate_fault(30_200.0, tiny) is None
    assert "sampled at 30400 Hz, design 'tiny' expects 30000 Hz" in str(rate_fault(30_400.0, tiny))
    for none in (0.0, -5.0, np.nan, np.inf):
        assert "is none" in str(rate_fault(none, tiny))


def test_spikes_must_fit_the_converter(tiny: Design) -> None:
    """10 bits of 2.34 µV: ±1200 µV."""
    spikes = np.zeros((100, 2, 16), np.float32)
    spikes[:, 0, 6] = -300
    assert scale_fault(spikes, tiny) is None
    loud = spikes.copy()
    loud[:32, 0, 6] = -5000  # 32 of 3200 samples: as many as may be
    assert scale_fault(loud, tiny) is None
    loud[32, 0, 6] = -5000
    assert "1 % of the spikes' samples lie beyond the converter's -512 to 511 steps of 2.34375, 1 % may; check" in str(
        scale_fault(loud, tiny)
    )
    assert "the median spike is 0.13 steps of adc.lsb = 2.34375 high" in str(scale_fault(spikes / 1000, tiny))
    assert str(scale_fault(loud, tiny, embedded=True)).endswith(
        "; set synthetic.noise, now 8, and synthetic.amplitude, now [100.0, 500.0], or set adc.lsb, now 2.34375"
    )


def test_a_recording_in_another_unit_is_an_error_with_its_remedy(tiny: Design) -> None:
    uv = traces(seconds=3.0)
    for factor, message in ((100.0, "samples lie beyond the converter"), (1e-3, "the median spike is")):
        with pytest.raises(ValueError, match=rf"NumpyRecording: .*{message}.*\(the design's unit is 'uV'\)"):
            load_dataset(tiny, recorded(uv * factor))


def test_integers_without_a_gain_ask(tiny: Design) -> None:
    stored = recorded(codes(traces(seconds=3.0), 0.195))
    with pytest.raises(ValueError, match=r"samples are int16 without a gain.*gain = 0\.195"):
        load_dataset(tiny, stored)
    assert len(load_dataset(tiny, stored, description=Description(gain=0.195)).test) > 30
