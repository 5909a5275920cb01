from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson

from spikecae.design import Design, DesignError, load_design
from spikecae.front_end.front_end import designed_front_end, front_end_of, turns_for
from spikecae.front_end.places import lost_share, places_for
from tests.planted import front_end


def test_design_in_samples_and_sixteenths(neuropixels: Design) -> None:
    neighbours = np.array([[0, 1, 2, 3]] * 3 + [[1, 2, 3, 4]] * 3)[[0, 1, 2, 3, 4]]
    close = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) <= 2
    made = front_end_of(neuropixels, 5, neighbours, close)
    assert (made.samples, made.peak, made.spikes, made.bits, made.zero) == (48, 16, 4, 10, 0)
    assert made.gain == round(5 / 0.6745 * 16)
    assert made.refractory == 30, "1 ms at 30 kHz"
    assert made.close == ((0, 2), (0, 3), (0, 4), (1, 4), (2, 4))
    # 16 frames before the peak; 46 until it has won, and 2 more in hardware; 4 x 48 samples are copied in the 4 of 5
    # cycles in which no word of 5 channels is written, and may begin in the middle of a frame
    assert made.frames_needed == 16 + 46 + 2 + 48 + 1 + 1
    assert made.frames == 2 * made.frames_needed, "four more events would take 308, for 5 channels"
    assert (made.lanes, made.groups, made.turns, made.settling_turns) == (5, 1, 71, 7)


def test_queue_needs_no_tables(neuropixels: Design) -> None:
    queue = neuropixels.model_copy(update={"block": neuropixels.block.model_copy(update={"kind": "queue"})})
    assert front_end_of(queue, 2).spikes == 1
    many = front_end_of(queue, 128)
    # What there is at a crossing is copied then, 16 frames and its own; the last part, with as many samples, is there
    # when the peak is known, up to 14 frames later.
    assert (many.in_parts, many.parts.ends) == (True, (17, 31, 45, 48 + 14))
    # In 8 frames, 14 events may ask for a part and 8 samples each, and as many that follow them for a first part.
    # Of the 128 cycles of a frame 22 are writes, 7 go for looking: 8 * 99 do for 14 * (17 + 8 + 8) + 14 * (17 + 4).
    assert many.frames == many.frames_needed == 17 + 8 + 1 + 1
    assert (many.queue, front_end_of(queue, 128, queue=5).queue, front_end_of(queue, 2).queue) == (14, 5, 8)
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


def test_too_few_places_are_refused_and_none_are_as_many_as_needed(tmp_path: Path) -> None:
    path = with_contacts(tmp_path, [[0, 0], [0, 9]])
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("queue = 20", "queue = 2"), encoding="utf-8")
    with pytest.raises(DesignError, match=r"front_end\.queue = 2: is too few events; take 0 for as many as are needed"):
        load_design(path)
    path.write_text(text.replace("queue = 20", "queue = 0"), encoding="utf-8")
    made = designed_front_end(load_design(path))
    assert made is not None
    assert made.queue == 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("threshold = 11.0", r"recording\.threshold = 11\.0: the chip's detector can have 0\.042 to 10\.7"),
        ("threshold = 0.001", r"recording\.threshold = 0\.001: "),
        ("refractory_ms = 1000.0", r"recording\.refractory_ms = 1000\.0: is 30000 samples, 1024 at most"),
        ("sampling_rate_hz = 1e6", r"recording\.sampling_rate_hz = 1000000\.0: a \[front_end\] takes up to 256000"),
    ],
)
def test_what_the_detector_cannot_have_is_told_with_the_key(tmp_path: Path, change: str, told: str) -> None:
    path = with_contacts(tmp_path, [[0, 0], [0, 9]])
    lines = path.read_text(encoding="utf-8").splitlines()
    key = change.partition(" =")[0]
    kept = [line for line in lines if not line.startswith(f"{key} =")]
    kept.insert(kept.index("[recording]") + 1, change)
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(DesignError, match=told):
        load_design(path)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_any_number_of_channels_will_do(neuropixels: Design, bits: int) -> None:
    """Of 61 channels any word of 10-bit samples would leave one over: each has a word of its own."""
    adc = neuropixels.adc.model_copy(update={"bits": bits})
    queue = neuropixels.block.model_copy(update={"kind": "queue"})
    design = neuropixels.model_copy(update={"adc": adc, "block": queue})
    for channels in range(1, 1025):
        made = front_end_of(design, channels, queue=8)
        assert made.channels % made.lanes != 1
        assert made.frames >= made.frames_needed
    assert front_end_of(design, 61).own_words == (bits in (10, 12, 16))


def test_unsigned_converter_has_its_zero_at_mid_scale(neuropixels: Design) -> None:
    adc = neuropixels.adc.model_copy(update={"signed": False, "bits": 12})
    block = neuropixels.block.model_copy(update={"kind": "queue"})
    assert front_end_of(neuropixels.model_copy(update={"adc": adc, "block": block}), 1).zero == 2048


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="no such front end") as raised:
        front_end(4, 2, peak=17, gain=0, search=9, turns=6, zero=32768, noise_shift=4)
    told = str(raised.value).split("; ")
    assert len(told) == 6
    assert "refractory = 8 must be 9 to 1024" in told
    assert "turns = 6 must be odd, and 1 more than a multiple of 4 channels: take 9" in told


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
    needed = 5 + 14 + 3 + (12 + 1) + 1  # 2 x 17 samples are copied in 3 of 4 cycles
    assert front_end(4, 2).frames_needed == needed
    front_end(4, 2, frames=needed)
    with pytest.raises(ValueError, match=f"frames = {needed - 1} would overwrite an event unread; {needed} are needed"):
        front_end(4, 2, frames=needed - 1)


@pytest.mark.parametrize(
    ("channels", "bits", "lanes", "groups"),
    [(1, 8, 1, 1), (3, 16, 3, 1), (9, 8, 7, 2), (16, 12, 4, 4), (17, 16, 3, 6), (128, 8, 8, 16), (128, 12, 5, 26)],
)
def test_words_hold_as_many_channels_as_fit_but_none_alone(channels: int, bits: int, lanes: int, groups: int) -> None:
    made = front_end(channels, bits=bits)
    assert (made.lanes, made.groups) == (lanes, groups)
    assert channels == 1 or channels - (groups - 1) * lanes >= 2


def test_turns_reach_every_channel() -> None:
    """Once settled, in order, and not before a threshold counts that follows from the turn before."""
    for channels in (1, 2, 3, 15, 33, 64, 105, 128, 1023, 1024):
        turns = turns_for(channels)
        assert turns >= 65
        assert [number * turns % channels for number in range(channels)] == list(range(channels))
        made = front_end(channels, turns=turns_for(channels, 5))
        assert made.turns > channels * made.threshold_frames
        settling = made.settling_turns
        assert len({number % channels for number in range(0, channels * settling, settling)}) == channels
    assert [turns_for(channels) for channels in (1, 2, 32, 128, 256)] == [65, 65, 65, 129, 257]


def test_front_end_cannot_be_changed() -> None:
    made = front_end(1)
    with pytest.raises(AttributeError):
        made.gain = 3  # type: ignore[misc]


@pytest.mark.parametrize(("load", "places"), [(0.4, 8), (2.8, 12), (5.6, 17), (11.3, 26)])
def test_places_by_erlang(load: float, places: int) -> None:
    """Against the Poisson distribution, of which Erlang's formula is a cut."""
    assert lost_share(load, 6) == pytest.approx(poisson.pmf(6, load) / poisson.cdf(6, load))
    assert places_for(load) == places
    assert poisson.pmf(places, load) / poisson.cdf(places, load) <= 1e-4
    assert places == 8 or poisson.pmf(places - 1, load) / poisson.cdf(places - 1, load) > 1e-4


def test_places_that_random_events_need() -> None:
    """Events at random times, each under way as long: with places by the formula few are lost, with 8 many."""
    rng, load, count = np.random.default_rng(0), 5.6, 200_000
    times = np.cumsum(rng.exponential(1 / load, count))
    for places, least, most in ((8, 0.08, 0.12), (places_for(load), 0.0, 3e-4)):
        ends: list[float] = []
        lost = 0
        for time in times:
            ends = [end for end in ends if end > time]
            if len(ends) == places:
                lost += 1
            else:
                ends.append(time + 1)
        assert least <= lost / count <= most


def test_what_the_document_says_of_places() -> None:
    """Of 64 samples at 30 kS/s with the peak at 19: frames of the buffer, places by channels, and what 8 would lose."""
    lite = load_design(Path("designs/lite.toml"))
    one = lite.block.model_copy(update={"spikes": 1})
    fast = lite.recording.model_copy(update={"sampling_rate_hz": 30000.0})
    adc = lite.adc.model_copy(update={"bits": 8})
    design = lite.model_copy(update={"block": one, "recording": fast, "adc": adc})
    made = {channels: front_end_of(design, channels) for channels in (16, 128, 256, 512)}
    assert [found.queue for found in made.values()] == [8, 16, 25, 40]
    assert (made[128].frames, made[128].frames_under_way) == (32, 62)
    lost = {channels: lost_share(channels * 20 * 62 / 30000, 8) for channels in (128, 256)}
    assert [round(1 / share) for share in lost.values()] == [12, 3]
