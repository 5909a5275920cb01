"""The band-pass in Amaranth's simulator against the golden one, code for code."""

from typing import Literal

import numpy as np
import pytest
from amaranth.sim import Simulator
from numpy.typing import NDArray

from rtl.front_end.band_pass_filter import BandPassFilter
from spikecae.front_end.band_pass import band_pass_of
from spikecae.front_end.filter import BandPassFilter as Golden
from spikecae.front_end.front_end import FrontEnd
from tests.planted import front_end

HIGH, LOW, BOTH = {"low": 300.0}, {"high": 6000.0}, {"low": 300.0, "high": 6000.0}
Edges = dict[Literal["low", "high"], float]


def codes_of(made: FrontEnd, frames: int) -> NDArray[np.int64]:
    """Noise about an offset, all codes there are, steps from end to end, and codes beyond the converter."""
    rng = np.random.default_rng(made.channels)
    low, high = made.minimum, made.maximum
    x = rng.normal((low + high) / 3, (high - low) / 12, (frames, made.channels)).clip(low, high)
    part = frames // 4
    x[part : 2 * part] = rng.integers(low, high + 1, (part, made.channels))
    x[2 * part : 3 * part] = np.where(np.arange(part)[:, None] // 12 % 2, low, high)
    x[3 * part :] = rng.choice([-32768, low, high, 32767], (frames - 3 * part, made.channels))
    x[3 * part :: 2] = rng.integers(2 * low, 2 * high, x[3 * part :: 2].shape).clip(-32768, 32767)
    return np.rint(x).astype(np.int64)


def filtered(made: FrontEnd, codes: NDArray[np.int64], idle: float) -> list[int]:
    """What comes out of the hardware, with random pauses."""
    dut, rng, got = BandPassFilter(made), np.random.default_rng(0), []

    async def bench(ctx):
        for code in codes.ravel().tolist():
            while True:
                valid = rng.random() >= idle
                ctx.set(dut.i.valid, int(valid))
                ctx.set(dut.i.payload, code if valid else int(rng.integers(-32768, 32768)))
                assert ctx.get(dut.i.ready)
                await ctx.tick()
                assert ctx.get(dut.o.valid) == valid, "a cycle later"
                if valid:
                    got.append(ctx.get(dut.o.payload))
                    break

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return got


@pytest.mark.parametrize("idle", [0.0, 0.4])
@pytest.mark.parametrize(
    ("channels", "edges", "order", "bits", "words"),
    [
        (1, BOTH, 1, 10, 1),
        (2, BOTH, 2, 12, 2),  # of one channel each: written and read in the same cycle
        (3, BOTH, 2, 12, 3),
        (3, HIGH, 1, 16, 1),
        (4, BOTH, 1, 8, 2),
        (5, LOW, 2, 8, 5),  # else the last word would have one channel
        (9, HIGH, 1, 8, 2),
        (25, HIGH, 1, 8, 5),
        (16, BOTH, 1, 12, 8),
    ],
)
def test_equals_golden(channels: int, edges: Edges, order: int, bits: int, words: int, idle: float) -> None:
    zero = 100 if bits < 12 else 0
    made = front_end(channels, bits=bits, zero=zero, band_pass=band_pass_of(edges, order, 30000.0))
    assert made.band_pass is not None
    assert made.filter_groups == words
    codes = codes_of(made, max(100, 600 // channels))
    x = codes.clip(made.minimum, made.maximum) - zero
    expected = Golden(made.band_pass, bits).push(x) + zero
    assert np.ptp(expected) > 0.98 * (made.maximum - made.minimum)
    assert filtered(made, codes, idle) == expected.ravel().tolist()


def test_without_sections_there_is_none() -> None:
    with pytest.raises(ValueError, match="this front end has no band_pass"):
        BandPassFilter(front_end(4))
