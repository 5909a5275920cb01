import re

import pytest

from sim.wrapper import MAX_TAPS, tap_slots, wrapper_verilog


def test_every_tap_has_its_own_words(encoder):
    text = wrapper_verilog(encoder.manifest)
    taken = []
    for slot, tap in zip(tap_slots(encoder.manifest), encoder.manifest.taps, strict=True):
        found = re.search(rf"tap_payload\[(\d+):(\d+)\] = dut\.{re.escape(tap.instance)}\.{tap.payload};", text)
        high, low = int(found[1]), int(found[2])
        assert low == 32 * slot.word
        assert high - low + 1 == tap.payload_width
        taken.append(range(slot.word, slot.word + slot.words))
    words = [word for span in taken for word in span]
    assert words == list(range(len(words)))


def test_every_bit_is_driven_once(encoder):
    text = wrapper_verilog(encoder.manifest)
    for port in ("tap_fire", "tap_payload"):
        width = int(re.search(rf"output \[(\d+):0\] {port}", text)[1]) + 1
        bits = []
        for high, low in re.findall(rf"assign {port}\[(\d+)(?::(\d+))?\]", text):
            bits += range(int(low or high), int(high) + 1)
        assert sorted(bits) == list(range(width))


def test_what_does_not_fit_is_refused(encoder):
    tap = encoder.manifest.taps[0]
    with pytest.raises(ValueError, match="33 taps"):
        tap_slots(encoder.manifest.model_copy(update={"taps": [tap] * (MAX_TAPS + 1)}))
    with pytest.raises(ValueError, match="40 bits"):
        tap_slots(encoder.manifest.model_copy(update={"taps": [tap.model_copy(update={"width": 40})]}))
