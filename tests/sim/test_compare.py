from dataclasses import replace

import numpy as np
import pytest

from rtl.manifest import Tap
from sim.compare import chip_order, compare


def tap(order: str, elements: int) -> Tap:
    return Tap(
        stage="x",
        instance="x",
        valid="v",
        ready="r",
        payload="p",
        payload_width=8 * elements,
        elements=elements,
        width=8,
        signed=False,
        transfers_per_block=1,
        order=order,
    )


def in_chip_order(manifest, golden):
    """Golden's taps as the chip would send them, walked by explicit loops."""
    taps = {}
    for entry in manifest.taps:
        blocks = golden.taps[entry.stage]
        rows = []
        for block in blocks:
            if entry.order == "vector":
                rows.append(list(block))
                continue
            channels, samples = block.shape
            group = channels if entry.order == "time_channel" else entry.elements
            if entry.order == "channel_time":
                rows.append([block[c, t] for c in range(channels) for t in range(samples)])
            else:
                rows.append(
                    [
                        block[c, t]
                        for first in range(0, channels, group)
                        for t in range(samples)
                        for c in range(first, first + group)
                    ]
                )
        taps[entry.stage] = np.array(rows)
    return taps


@pytest.fixture
def outcome(encoder):
    return in_chip_order(encoder.manifest, encoder.golden), list(encoder.golden.payloads)


def test_equal_blocks_have_no_mismatch(encoder, outcome):
    result = compare(encoder.manifest, encoder.golden, *outcome)
    assert (result.total, result.first) == (0, None)
    assert result.values == sum(tap.size for tap in encoder.golden.taps.values()) + sum(
        map(len, encoder.golden.payloads)
    )
    assert set(result.mismatches) == {*encoder.golden.taps, "payload"}


@pytest.mark.parametrize("stage", ["normalize", "block0.conv", "pool1", "project", "vq"])
def test_one_wrong_value_is_found_where_it_is(encoder, outcome, stage):
    _, payloads = outcome
    shape = encoder.golden.taps[stage].shape
    block, channel, sample = 5, shape[1] - 2, 1 if len(shape) == 3 else 0
    place = (block, channel, sample)[: len(shape)]
    wrong = encoder.golden.taps | {stage: encoder.golden.taps[stage].copy()}
    wrong[stage][place] += 3
    got = in_chip_order(encoder.manifest, replace(encoder.golden, taps=wrong))
    result = compare(encoder.manifest, encoder.golden, got, payloads, first_block=32)
    first = result.first
    assert result.total == result.mismatches[stage] == 1
    assert (first.stage, first.block, first.channel, first.sample) == (stage, 32 + block, channel, sample)
    assert (first.expected, first.got) == (encoder.golden.taps[stage][place], encoder.golden.taps[stage][place] + 3)


def test_the_earliest_stage_is_named_first(encoder, outcome):
    taps, payloads = outcome
    taps["vq"][0, 0] ^= 1
    taps["block1.expand"][7, 0] ^= 1
    assert compare(encoder.manifest, encoder.golden, taps, payloads).first.stage == "block1.expand"


def test_missing_values_are_mismatches(encoder, outcome):
    taps, payloads = outcome
    per_block = taps["pool0"].shape[1]
    taps["pool0"] = taps["pool0"].reshape(1, -1)[:, : 3 * per_block + 1]
    result = compare(encoder.manifest, encoder.golden, taps, payloads)
    assert result.mismatches["pool0"] == encoder.golden.taps["pool0"].size - 3 * per_block - 1
    assert (result.first.stage, result.first.block, result.first.got) == ("pool0", 3, None)


@pytest.mark.parametrize(
    ("frame", "expected", "got"),
    [(lambda data: data[:-1], "last", None), (lambda data: data + b"\x07", None, 7), (lambda data: b"", "first", None)],
)
def test_wrong_frames_are_mismatches(encoder, outcome, frame, expected, got):
    taps, payloads = outcome
    right = payloads[4]
    payloads[4] = frame(right)
    first = compare(encoder.manifest, encoder.golden, taps, payloads).first
    assert (first.stage, first.block, first.got) == ("payload", 4, got)
    assert first.expected == {"last": right[-1], "first": right[0], None: None}[expected]


def test_a_missing_frame_is_a_mismatch(encoder, outcome):
    taps, payloads = outcome
    result = compare(encoder.manifest, encoder.golden, taps, payloads[:-1])
    assert result.first.block == len(payloads) - 1
    assert result.mismatches["payload"] == len(payloads[-1])


def test_lanes_beyond_the_last_channel_are_padding():
    assert chip_order(tap("time_channel", 4), (6, 2)).tolist() == [0, 2, 4, 6, 8, 10, -1, -1, 1, 3, 5, 7, 9, 11, -1, -1]
