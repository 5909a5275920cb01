"""Small stream components: window, pool, registers, distributor, memory loop."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from scipy.ndimage import maximum_filter1d

from rtl.memory.parameter_memory import ParameterMemory, WordLoop
from rtl.memory.shadow import ShadowRegisters
from rtl.units.distributor import Distributor
from rtl.units.max_pool import MaxPool
from rtl.units.window import SlidingWindow
from tests.rtl.streams import Port, pack, run, unpack

PACES = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)]


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("pace", PACES)
def test_window_equals_padded_slices(kernel: int, pace: tuple[float, float]) -> None:
    channels, samples, groups = 2, 6, 4
    x = np.random.default_rng(kernel).integers(0, 256, (groups, samples, channels))
    padded = np.pad(x, ((0, 0), (kernel // 2, kernel // 2), (0, 0)))
    expected = [padded[g, t : t + kernel].ravel().tolist() for g in range(groups) for t in range(samples)]
    dut = SlidingWindow(unsigned(8), channels, kernel, samples)
    sink = Port(dut.o, count=len(expected), pause=pace[1])
    run(dut, [Port(dut.i, [pack(v) for v in x.reshape(-1, channels)], pause=pace[0])], [sink])
    assert [unpack(word, channels * kernel) for word in sink.got] == expected
    if pace == (0.0, 0.0):
        assert np.all(np.diff(sink.cycles) == 1), "a window must leave every cycle"


def test_window_shorter_than_its_kernel() -> None:
    dut = SlidingWindow(unsigned(8), 1, 5, 1)
    sink = Port(dut.o, count=3)
    run(dut, [Port(dut.i, [7, 8, 9])], [sink])
    assert [unpack(word, 5) for word in sink.got] == [[0, 0, v, 0, 0] for v in (7, 8, 9)]


def test_even_window_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel = 4 must be odd"):
        SlidingWindow(unsigned(8), 1, 4, 8)


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("pace", PACES)
def test_pool_equals_scipy(size: int, pace: tuple[float, float]) -> None:
    x = np.random.default_rng(size).integers(0, 256, (24, 3))
    expected = maximum_filter1d(x, size, axis=0, origin=-(size // 2))[::size]
    dut = MaxPool(3, size, 8)
    sink = Port(dut.o, count=len(expected), pause=pace[1])
    run(dut, [Port(dut.i, [pack(v) for v in x], pause=pace[0])], [sink])
    assert [unpack(word, 3) for word in sink.got] == expected.tolist()
    if pace == (0.0, 0.0):
        assert np.all(np.diff(sink.cycles) == size)


def test_distributor_deals_in_turn() -> None:
    dut = Distributor(8, [2, 1, 3])
    sinks = [Port(o, count=n, pause=0.3) for o, n in zip(dut.o, (4, 2, 6), strict=True)]
    run(dut, [Port(dut.i, range(12))], sinks)
    assert [sink.got for sink in sinks] == [[0, 1, 6, 7], [2, 8], [3, 4, 5, 9, 10, 11]]


def test_receiver_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one word"):
        Distributor(8, [2, 0])


def test_word_loop_repeats_one_word_a_cycle() -> None:
    words = [5, 0, 255, 17, 3]
    dut = WordLoop(len(words), 8)
    sink = Port(dut.o, count=13)
    run(dut, [], [sink], tables=[(dut.memory, words)], extra=1)
    assert sink.got == [words[n % 5] for n in range(13)]
    assert np.all(np.diff(sink.cycles) == 1)


@pytest.mark.parametrize(("words", "message"), [([], "at least one word"), ([256], "does not fit"), ([-1], "fit")])
def test_bad_memory_is_refused(words: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ParameterMemory(words, 8)


class _TakeAtOnce(wiring.Component):
    """Shadow registers whose every full set is taken in the same cycle, and shown the next."""

    def __init__(self, words: int) -> None:
        self._words = words
        super().__init__({"i": In(stream.Signature(unsigned(8))), "o": Out(stream.Signature(unsigned(8 * words)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = dut = ShadowRegisters(self._words, 8)
        taken = Signal()
        wiring.connect(m, wiring.flipped(self.i), dut.i)
        m.d.comb += [dut.take.eq(dut.full), self.o.valid.eq(taken), self.o.payload.eq(dut.active)]
        m.d.sync += taken.eq(dut.take)
        return m


@pytest.mark.parametrize("words", [1, 3])
def test_shadow_sets_follow_without_a_gap(words: int) -> None:
    dut = _TakeAtOnce(words)
    data = np.random.default_rng(words).integers(0, 256, 6 * words).tolist()
    sink = Port(dut.o, count=6)
    run(dut, [Port(dut.i, data)], [sink])
    assert [unpack(word, words) for word in sink.got] == [data[n : n + words] for n in range(0, len(data), words)]
    assert np.all(np.diff(sink.cycles) == words)
