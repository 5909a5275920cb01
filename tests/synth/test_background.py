"""The recording that a whole implant is measured on."""

import numpy as np
import pytest

from spikecae.front_end.detector import SpikeDetector
from synth.power.background import listen
from tests.planted import front_end

BAND = (0.01, 0.2)


def spikes(samples: int, count: int, height: int) -> np.ndarray:
    """(count, 1, samples) codes: noise of 4, and a peak."""
    codes = np.random.default_rng(0).normal(0, 4, (count, 1, samples))
    codes[..., 5] -= height
    return np.rint(codes).astype(np.int16)


@pytest.mark.parametrize("channels", [1, 12])
def test_first_noise_then_spikes(channels: int) -> None:
    made = front_end(channels)
    heard = listen(made, spikes(17, 40, 200), BAND, quiet_frames=300, events=5, tail_frames=60, seed=1)
    found = SpikeDetector(made).push(heard.codes)
    assert len(found.times) == heard.events == 5
    assert heard.settled == made.settling + made.turns + made.threshold_frames
    assert found.times.min() >= heard.spikes == heard.settled + 300
    assert len(heard.codes) - found.times.max() >= 60
    assert heard.deviation == pytest.approx(4, rel=0.2)
    noise = heard.codes[: heard.spikes]
    assert noise.std() == pytest.approx(heard.deviation, rel=0.1)
    power = np.abs(np.fft.rfft(noise[:, 0])) ** 2
    frequency = np.fft.rfftfreq(len(noise))
    outside = (frequency < BAND[0] / 4) | (frequency > 0.4)
    assert power[outside].mean() < 0.1 * power[~outside].mean()


def test_spikes_that_are_not_found_are_refused() -> None:
    with pytest.raises(ValueError, match="does not find 5 planted spikes"):
        listen(front_end(2), spikes(17, 40, 5), BAND, quiet_frames=50, events=5, tail_frames=60, seed=1)
