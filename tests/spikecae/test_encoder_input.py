"""What the Python API refuses, which is what the command refuses; and times longer than a packet's 32 bits."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecae.bitstream.payload import write_snippets
from spikecae.codec import CodedPacket, Decoder, Encoder, Events, RawPacket, Refused
from spikecae.codec.times import TimeReceiver, TimeSender, epoch_before
from spikecae.design import Adc, Design
from spikecae.errors import InputError
from spikecae.front_end.adc import units_to_codes
from spikecae.spec import EncoderSpec, SpecError, save_spec
from tests.random_spec import random_adc

WRAP = 1 << 32


@pytest.fixture
def codes(tiny: Design) -> np.ndarray:
    return random_adc(tiny, 6, seed=1)


def changed(codes: np.ndarray, value: float, dtype: str) -> np.ndarray:
    array = codes.astype(dtype)
    array[3, 1, 2] = value
    return array


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda codes: codes * 2.34375,
            "samples are float64, and ADC codes are integers; convert recording units with",
        ),
        (lambda codes: codes.astype(np.float32), "samples are float32"),
        (lambda codes: changed(codes, np.nan, "f8"), "samples are float64"),
        (lambda codes: codes > 0, "samples are bool"),
        (lambda codes: codes.astype(object), "samples are object"),
        (lambda codes: codes.astype(complex), "samples are complex128"),
        (
            lambda codes: changed(codes, 512, "i2"),
            r"block 3, channel \(or spike of a queue\) 1, sample 2 is 512, no code",
        ),
        (lambda codes: changed(codes, -513, "i4"), "sample 2 is -513, no code of a 10-bit signed converter"),
        (lambda codes: changed(codes, 65536 + 3, "i8"), "sample 2 is 65539"),
        (lambda codes: changed(abs(codes), 1 << 63, "u8"), "sample 2 is 9223372036854775808"),
        (lambda codes: codes[0], r"the shape \(2, 16\); 'tiny' takes \(n, 2, 16\)"),
        (lambda codes: codes.reshape(6, 32), r"the shape \(6, 32\)"),
        (lambda codes: codes.transpose(0, 2, 1), r"the shape \(6, 16, 2\)"),
        (lambda codes: [1, 2, 3], r"the shape \(3,\)"),
        (lambda codes: None, r"the shape \(\)"),
        (lambda codes: [[1], [1, 2]], "blocks are no array: .*; give rows of equal length"),
        (
            lambda codes: np.ma.masked_where(np.arange(codes.size).reshape(codes.shape) < 3, codes),
            "blocks: 3 of 192 values are masked, and packets have no masks; leave such blocks out, or fill them",
        ),
    ],
)
def test_codes(spec: EncoderSpec, codes: np.ndarray, make: object, reason: str) -> None:
    encoder, fresh = Encoder(spec), Encoder(spec)
    with pytest.raises(InputError, match=reason):
        encoder.encode(make(codes))
    assert encoder.encode(codes) + encoder.flush() == fresh.encode(codes) + fresh.flush()  # nothing of it was taken


@pytest.mark.parametrize("dtype", ["i2", ">i2", "i4", "i8"])
def test_any_integers_in_range_are_codes(spec: EncoderSpec, codes: np.ndarray, dtype: str) -> None:
    assert Encoder(spec, 3).encode(codes.astype(dtype)) == Encoder(spec, 3).encode(codes)
    assert Encoder(spec, 3).encode(codes.tolist()) == Encoder(spec, 3).encode(codes)
    assert Encoder(spec).encode(codes[:0]) == b""


def test_an_unsigned_converter_has_its_own_range(spec: EncoderSpec, codes: np.ndarray) -> None:
    unsigned = codes.astype(np.uint16) * 0 + 1023
    assert Encoder(spec, 6, signed=False).encode(unsigned)
    with pytest.raises(InputError, match=r"which has -512\.\.511; .* or those of an unsigned one\?"):
        Encoder(spec).encode(unsigned)
    with pytest.raises(InputError, match=r"which has 0\.\.1023; .* or those of a signed one\?"):
        Encoder(spec, signed=False).encode(-abs(codes) - 1)
    wide = dataclasses.replace(spec, adc_bits=16)
    with pytest.raises(InputError, match="unsigned does not fit the encoder's signed 16-bit input"):
        Encoder(wide, signed=False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"times": np.arange(6) / 30000}, "times are float64, and must be integers"),
        ({"channels": np.arange(6.0)}, "channels are float64"),
        ({"times": np.arange(6) - 2}, "block 0: time -2 is negative"),
        ({"times": np.arange(6) + WRAP - 3}, "block 3: time 4294967296 does not fit the 32 bits .* same epoch"),
        ({"times": np.arange(12)[::-1] - 6}, "block 3: time -1 is negative"),
        ({"channels": np.arange(6) + 65532}, r"block 4: channel 65536 does not lie in 0\.\.65535"),
        ({"channels": np.arange(6) - 1}, "block 0: channel -1"),
        ({"times": np.arange(5)}, r"6 blocks of 12 spikes need 6 channels and 6 or 12 times, got arrays of"),
        ({"times": np.arange(12).reshape(6, 2)}, r"\(6,\) and \(6, 2\)"),
        ({"times": np.ma.array(np.arange(6), mask=np.arange(6) == 2)}, "times: 1 of 6 values are masked"),
        ({"channels": np.ma.array(np.arange(6), mask=True)}, "channels: 6 of 6 values are masked"),
        ({"channels": 3}, r"of \(\) and \(6,\)"),
    ],
)
def test_events(spec: EncoderSpec, codes: np.ndarray, change: dict[str, object], reason: str) -> None:
    encoder = Encoder(spec)
    events = Events(**({"channels": np.arange(6), "times": np.arange(6)} | change))
    with pytest.raises(InputError, match=reason):
        encoder.encode(codes, events)
    assert encoder.flush() == b""


def test_blocks_are_counted_over_all_calls(spec: EncoderSpec, codes: np.ndarray) -> None:
    encoder = Encoder(spec)
    encoder.encode(codes)
    with pytest.raises(InputError, match="block 9, "):
        encoder.encode(changed(codes, 600, "i2"))
    encoder.encode(codes, Events(np.arange(6), np.arange(6))) if encoder.flush() else None
    with pytest.raises(InputError, match="block 12: time -1"):
        encoder.encode(codes, Events(np.arange(6), np.arange(6) - 1))


def test_lists_serve_as_events(spec: EncoderSpec, codes: np.ndarray) -> None:
    lists = Events([1] * 6, list(range(6)))
    arrays = Events(np.ones(6, np.uint8), np.arange(6, dtype=np.uint32))
    assert Encoder(spec, 6).encode(codes, lists) == Encoder(spec, 6).encode(codes, arrays) != b""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"blocks_per_packet": 0}, r"blocks_per_packet = 0 must lie in 1\.\.255"),
        ({"blocks_per_packet": 256}, "blocks_per_packet = 256"),
        ({"epoch": -1}, "epoch = -1 must not be negative"),
        ({"blocks_per_packet": 1.5}, r"blocks_per_packet = 1\.5 must be an integer; convert it"),
        ({"blocks_per_packet": "8"}, "blocks_per_packet = '8' must be an integer"),
        ({"blocks_per_packet": True}, "blocks_per_packet = True must be an integer"),
        ({"blocks_per_packet": None}, "blocks_per_packet = None must be an integer"),
        ({"epoch": 1.5}, r"epoch = 1\.5 must be an integer"),
        ({"epoch": "8"}, "epoch = '8' must be an integer"),
    ],
)
def test_what_an_encoder_is_made_with(spec: EncoderSpec, arguments: dict[str, int], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Encoder(spec, **arguments)


def test_integers_of_numpy_are_integers(spec: EncoderSpec, codes: np.ndarray) -> None:
    arguments = {"blocks_per_packet": np.uint8(3), "epoch": np.int64(0)}
    assert Encoder(spec, **arguments).encode(codes, missing=np.int8(1)) == Encoder(spec, 3).encode(codes, missing=1)
    assert Encoder(spec).encode(np.ma.array(codes)) == Encoder(spec).encode(codes)
    for missing in (0.0, "1", None):
        with pytest.raises(InputError, match=r"missing = .* must be an integer"):
            Encoder(spec).encode(codes, missing=missing)


def test_missing_spikes_need_a_block(spec: EncoderSpec, codes: np.ndarray) -> None:
    for number, adc in ((2, codes), (-1, codes), (1, codes[:0])):
        with pytest.raises(InputError, match=f"missing = {number} must lie in"):
            Encoder(spec).encode(adc, missing=number)


def test_a_folder_may_be_text(spec: EncoderSpec, codes: np.ndarray, tmp_path: Path) -> None:
    save_spec(spec, tmp_path / "spec")
    data = Encoder.from_spec(str(tmp_path / "spec")).encode(codes, missing=1)
    for folder in (str(tmp_path / "spec"), tmp_path / "spec"):
        assert [item.header.count for item in Decoder.from_spec(folder, str(tmp_path / "n.onnx")).feed(data)] == [6]
    for kind in (Encoder, Decoder):
        with pytest.raises(InputError, match=r"spec\.json is a file; name the folder that holds"):
            kind.from_spec(str(tmp_path / "spec" / "spec.json"))
        with pytest.raises(FileNotFoundError, match="no encoder spec"):
            kind.from_spec(str(tmp_path / "elsewhere"))
    (tmp_path / "spec" / "spec.json").write_text("{")
    with pytest.raises(SpecError):
        Encoder.from_spec(str(tmp_path / "spec"))


def test_units_that_are_no_numbers_are_not_converted(tiny: Design) -> None:
    samples = np.zeros((4, 2, 16))
    samples[3, 1, 2] = np.nan
    with pytest.raises(InputError, match=r"sample \(3, 1, 2\) is nan, and 1 of 128 samples are no numbers"):
        units_to_codes(samples, tiny.adc)
    samples[3, 1, 2], samples[2, 0, 0] = np.inf, -np.inf
    with pytest.raises(InputError, match=r"sample \(2, 0, 0\) is -inf, and 2 of"):
        units_to_codes(samples, Adc(bits=10, lsb=1.0, signed=False))


# Times beyond 32 bits


def times_through(spec: EncoderSpec, tiny: Design, times: np.ndarray, epoch: int | None) -> np.ndarray:
    """What a decoder makes of times that an encoder was given, one a spike."""
    blocks = len(times) // 2
    encoder, decoder = Encoder(spec, 3, epoch=epoch), Decoder(spec, "none.onnx", epoch)
    adc, found = random_adc(tiny, blocks, seed=2), []
    for first in range(0, blocks, 4):
        part = slice(first, first + 4)
        found += decoder.feed(encoder.encode(adc[part], Events(np.zeros(len(adc[part]), int), times[2 * first :][:8])))
    found += decoder.feed(encoder.flush())
    return np.concatenate([item.blocks.events.times for item in found if isinstance(item, CodedPacket)])


@settings(max_examples=60)
@given(
    start=st.one_of(st.integers(0, 1 << 40), st.sampled_from([0, WRAP - 1, WRAP, (1 << 62)])),
    steps=st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=21, max_size=21),
)
def test_long_times_come_back(spec: EncoderSpec, tiny: Design, start: int, steps: list[int]) -> None:
    times = (start + np.cumsum([0, *steps])).clip(0, 1 << 62)
    assert np.array_equal(times_through(spec, tiny, times, epoch_before(start)), times)


def test_times_need_not_be_sorted(spec: EncoderSpec, tiny: Design) -> None:
    times = WRAP + np.array([3, -5, 10, 2, 2, -7, 1 << 30, 5, WRAP // 3, 20])
    assert np.array_equal(times_through(spec, tiny, times, epoch_before(int(times[0]))), times)


def test_without_an_epoch_times_are_those_of_the_packets(spec: EncoderSpec, tiny: Design) -> None:
    times = np.array([WRAP - 1, 0, 5, WRAP - 1])
    assert np.array_equal(times_through(spec, tiny, times, None), times)


def test_times_that_could_not_be_told_are_refused(spec: EncoderSpec, codes: np.ndarray) -> None:
    def send(*batches: list[int], epoch: int = 0) -> None:
        encoder = Encoder(spec, epoch=epoch)
        for times in batches:
            encoder.encode(codes[: len(times)], Events(np.zeros(len(times), int), np.array(times)))

    send([WRAP - 1], [WRAP + (1 << 31) - 2])
    with pytest.raises(InputError, match="time 4294967296 is the first, and not within 2"):
        send([WRAP])
    with pytest.raises(InputError, match="block 0: time 6 is the first"):
        send([6], epoch=7)
    with pytest.raises(InputError, match="block 2: time 2147483653 is 2147483648 samples from the one before it"):
        send([0, 5], [5 + (1 << 31)])
    with pytest.raises(InputError, match="block 1: time 0 is -2147483649 samples from"):
        send([(1 << 31) + 1, 0])


def test_a_receiver_that_misses_the_start_still_tells_the_time() -> None:
    times = (1 << 33) + np.arange(0, 1 << 33, 1 << 28)
    sender = TimeSender(epoch_before(int(times[0])))
    sender.check(times, 1, 0)
    for first in range(8):  # 2**31 samples
        receiver = TimeReceiver(epoch_before(int(times[0])))
        came = [times[first : first + 9] % WRAP, times[first + 9 :] % WRAP]
        receiver.count_on(came)
        assert np.array_equal(np.concatenate(came), times[first:])


def test_a_partial_block_of_one_spike_keeps_the_kind_of_its_times(spec: EncoderSpec, codes: np.ndarray) -> None:
    """One time for one block could be either kind; those before it decide."""
    encoder, decoder = Encoder(spec, 2), Decoder(spec, "none.onnx")
    data = encoder.encode(codes[:2], Events(np.zeros(2, int), np.arange(4)))
    data += encoder.encode(codes[2:3], Events(np.zeros(1, int), np.array([9])), missing=1)
    found = decoder.feed(data)
    assert [item.header.sidecar for item in found] == [2, 2]
    assert found[1].blocks.events.times.tolist() == [9]
    encoder.flush()
    data = encoder.encode(codes[2:3], Events(np.zeros(1, int), np.array([9])), missing=1)
    assert [item.header.sidecar for item in decoder.feed(data)] == [1]


def test_raw_snippets_of_another_length_are_refused_not_dropped(spec: EncoderSpec, codes: np.ndarray) -> None:
    decoder = Decoder(spec, "none.onnx", epoch=0)
    events = Events(np.arange(12), np.arange(12) + WRAP - 6)
    good = write_snippets(spec.tag, codes.reshape(12, 16), snippets_per_packet=12, events=events)
    short = write_snippets(spec.tag, codes.reshape(16, 12), snippets_per_packet=16, sequence=1)
    kept, refused = decoder.feed(b"".join(good + short))
    assert isinstance(kept, RawPacket)
    assert kept.events.times.tolist() == events.times.tolist()
    assert isinstance(refused, Refused)
    assert "raw snippets of 12 samples, 'tiny' has 16" in refused.reason
    assert (decoder.report.snippets, decoder.report.packets, decoder.report.refused) == (12, 1, 1)
