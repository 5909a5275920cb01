"""A bug that is put into a room of the source is named, at first sight, by the stage in which it lies.

Those of ``quantize`` are in a file of this name there, those of ``rtl`` in ``tests/regress/test_mistakes.py``.
"""

import zlib

import pytest

from rtl.host.load import offsets_of
from rtl.host.register_map import WINDOW_BITS, register
from rtl.planning import make_plan
from rtl.shape.plan import Plan
from sim.batch import BatchSimulator
from sim.compare import OUTPUT, Comparison, compare
from spikecae import golden
from spikecae.bitstream import packets
from spikecae.design import Design
from tests.sim.conftest import Emitted

BLOCKS = 4


def compared(encoder: Emitted, simulator: BatchSimulator) -> Comparison:
    simulator.feed(encoder.adc[:BLOCKS])
    simulator.run(BLOCKS)
    expected = golden.encode(encoder.spec, encoder.adc[:BLOCKS])
    return compare(encoder.manifest, expected, simulator.take_taps(BLOCKS), simulator.payloads)


def with_words_reversed(plan: Plan, load: list[tuple[int, int]], name: str) -> list[tuple[int, int]]:
    """The writes that load a chip, a memory's words from the last to the first, and the CRC of that."""
    values, words = dict(load), offsets_of(plan)[name]
    places = [place for word in words for place in word]
    values |= dict(zip(places, [values[place] for word in reversed(words) for place in word], strict=True))
    image = b"".join(value.to_bytes(4, "little") for offset, value in values.items() if offset >> WINDOW_BITS)
    return list((values | {register("crc_expected").offset: zlib.crc32(image)}).items())


def test_packets_with_another_checksum(encoder, simulator, monkeypatch) -> None:
    right = packets.crc16
    monkeypatch.setattr(packets, "crc16", lambda data: right(data) ^ 1)
    result = compared(encoder, simulator)
    assert (result.first.stage, result.first.block) == (OUTPUT, 0)
    assert [stage for stage, count in result.mismatches.items() if count] == [OUTPUT]


@pytest.mark.parametrize(
    ("memory", "stage"),
    [("normalization", "normalize"), ("weights", "conv"), ("latents", "project"), ("codebook", "vq")],
)
def test_a_host_that_loads_words_in_another_order(loadable, loaded, tiny: Design, memory: str, stage: str) -> None:
    """The CRC is of what is loaded, and holds; values tell."""
    loaded.reset(load=with_words_reversed(make_plan(loadable.spec, tiny.hardware), loadable.load, memory))
    assert compared(loadable, loaded).first.stage == stage
