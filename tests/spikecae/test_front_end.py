import numpy as np
import pytest

from spikecae.design import Design
from spikecae.front_end import front_end_of
from tests.planted import front_end


def test_design_in_samples_and_sixteenths(neuropixels: Design) -> None:
    neighbours = np.array([[0, 1, 2, 3]] * 3 + [[1, 2, 3, 4]] * 3)[[0, 1, 2, 3, 4]]
    close = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) <= 2
    made = front_end_of(neuropixels, 5, neighbours, close)
    assert (made.samples, made.peak, made.spikes, made.bits, made.zero) == (48, 16, 4, 10, 0)
    assert made.gain == round(5 / 0.6745 * 16)
    assert made.refractory == 30, "1 ms at 30 kHz"
    assert made.close == ((0, 2), (0, 3), (0, 4), (1, 4), (2, 4))
    # 16 frames before the peak; 46 until it has won, and 2 more in hardware; 39 while 4 x 48 samples are copied
    assert (made.frames_needed, made.frames) == (16 + 46 + 2 + 39 + 1, 128)


def test_queue_needs_no_tables(neuropixels: Design) -> None:
    queue = neuropixels.model_copy(update={"block": neuropixels.block.model_copy(update={"kind": "queue"})})
    assert front_end_of(queue, 2).spikes == 1
    with pytest.raises(ValueError, match="codes a queue: neighbours and close belong"):
        front_end_of(queue, 1, np.array([[0]]), np.ones((1, 1), bool))
    with pytest.raises(ValueError, match="design 'neuropixels' codes a neighbourhood"):
        front_end_of(neuropixels, 1)


def test_unsigned_converter_has_its_zero_at_mid_scale(neuropixels: Design) -> None:
    adc = neuropixels.adc.model_copy(update={"signed": False, "bits": 12})
    block = neuropixels.block.model_copy(update={"kind": "queue"})
    assert front_end_of(neuropixels.model_copy(update={"adc": adc, "block": block}), 1).zero == 2048


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="no such front end") as raised:
        front_end(4, 2, peak=17, gain=0, search=9, frames=100, zero=32768, noise_shift=5)
    told = str(raised.value).split("; ")
    assert len(told) == 6
    assert "refractory = 8 must be 9 to 1024" in told
    assert "frames = 100 must be a power of two" in told


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({"neighbours": ((0, 1),), "close": ((0, 1),)}, "neighbours has 1 rows, 2 channels need one each"),
        ({"neighbours": ((0, 1), (0, 1)), "close": ()}, "close has 0 rows, neighbours has 2"),
        ({"neighbours": ((0, 1), (0,)), "close": ((0, 1), (0, 1))}, r"neighbours\[1\] = \(0,\) must be 2 different"),
        ({"neighbours": ((0, 1), (0, 2)), "close": ((0, 1), (0, 1))}, r"neighbours\[1\] = \(0, 2\) must hold 1"),
        ({"neighbours": ((0, 1), (0, 1)), "close": ((0, 1), (0, 0))}, r"close\[1\] = \(0, 0\) must enclose 1"),
    ],
)
def test_bad_tables_are_refused(tables: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        front_end(2, **tables)


def test_too_small_a_buffer_is_refused() -> None:
    assert front_end(4, 2).frames_needed == 5 + 14 + 3 + 9 + 1
    front_end(4, 2, frames=32)
    with pytest.raises(ValueError, match="frames = 16 would overwrite an event unread; 32 are needed"):
        front_end(4, 2, frames=16)


def test_front_end_cannot_be_changed() -> None:
    made = front_end(1)
    with pytest.raises(AttributeError):
        made.gain = 3  # type: ignore[misc]
