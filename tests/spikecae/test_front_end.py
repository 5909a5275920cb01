from pathlib import Path

import numpy as np
import pytest

from spikecae.design import Design, DesignError, load_design
from spikecae.front_end.front_end import designed_front_end, front_end_of
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


def with_contacts(folder: Path, contacts: list[list[int]], kind: str = "neighbourhood") -> Path:
    """tiny.toml (M = 2, 75 µm) with a front end."""
    path = folder / "tiny.toml"
    text = Path("designs/tiny.toml").read_text(encoding="utf-8").replace("neighbourhood", kind)
    path.write_text(f"{text}\n[front_end]\ncontacts_um = {contacts}\nnoise_shift = 9\nqueue = 20\n", encoding="utf-8")
    return path


def test_a_design_file_places_the_contacts(tmp_path: Path, tiny: Design) -> None:
    made = designed_front_end(load_design(with_contacts(tmp_path, [[0, 0], [0, 60], [0, 50], [0, 200]])))
    assert made is not None
    assert made.neighbours == ((0, 2), (2, 1), (2, 1), (1, 3)), "nearest two, along the probe"
    assert made.close == ((0, 2), (0, 2), (0, 2), (3, 3)), "within 75 µm"
    assert (made.channels, made.samples, made.noise_shift, made.queue) == (4, 16, 9, 20)
    assert designed_front_end(tiny) is None


@pytest.mark.parametrize(
    ("contacts", "kind", "told"),
    [
        ([[0, 0]], "neighbourhood", "'1 contacts': a neighbourhood of block.spikes = 2 needs as many"),
        ([[0, 0], [0, 9]], "queue", "'2 contacts': a block of 2 spikes in a queue is of one channel"),
        ([[0, 0, 0], [0, 9]], "neighbourhood", "contacts_um.0 = [0, 0, 0]"),
    ],
)
def test_contacts_that_make_no_blocks_are_refused(
    tmp_path: Path, contacts: list[list[int]], kind: str, told: str
) -> None:
    with pytest.raises(DesignError) as caught:
        load_design(with_contacts(tmp_path, contacts, kind))
    assert any(
        f"front_end.{told}" in fault or f"front_end.contacts_um = {told}" in fault for fault in caught.value.faults
    )


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
