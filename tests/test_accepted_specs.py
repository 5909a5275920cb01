"""A spec that is accepted works: files, golden model, packets both ways, and a plan or a sentence why there is none."""

from pathlib import Path

import numpy as np
import pytest

from rtl.planning import make_plan
from spikecae.bitstream.events import Events
from spikecae.codec import CodedPacket, Decoder, Encoder
from spikecae.design import Hardware
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, load_spec, save_spec
from tests.any_spec import AnySpec

BLOCKS = 3


def accepted(seeds: range) -> dict[int, EncoderSpec]:
    found = {}
    for seed in seeds:
        try:
            found[seed] = AnySpec(seed).spec()
        except ValueError:
            continue
    return found


SPECS = accepted(range(300))


def test_enough_are_accepted_and_they_differ() -> None:
    assert len(SPECS) > 150
    kinds = {tuple(stage.kind for stage in spec.stages) for spec in SPECS.values()}
    assert len(kinds) > 40
    assert len({spec.hash for spec in SPECS.values()}) == len(SPECS)


@pytest.mark.parametrize("part", range(10))
def test_it_can_be_written_encoded_and_decoded(part: int, tmp_path: Path) -> None:
    for seed, spec in list(SPECS.items())[part::10]:
        save_spec(spec, tmp_path)
        assert load_spec(tmp_path).hash == spec.hash, seed
        half = 1 << (spec.adc_bits - 1)
        codes = np.random.default_rng(seed).integers(-half, half, (BLOCKS, spec.spikes, spec.samples))
        adc = codes.astype(np.int16)
        encoder, decoder = Encoder(spec), Decoder(spec, tmp_path / "none")
        events = Events(np.arange(BLOCKS), np.arange(BLOCKS * spec.spikes))
        packets = [*decoder.feed(encoder.encode(adc, events) + encoder.flush()), *decoder.close()]
        assert all(isinstance(packet, CodedPacket) for packet in packets), seed
        indices = np.concatenate([packet.blocks.indices for packet in packets])
        assert np.array_equal(indices, encode(spec, adc).indices), seed
        assert np.isfinite(decoder.latents(indices)).all(), seed


@pytest.mark.parametrize("parameters", ["ram", "rom"])
def test_it_has_a_plan_or_a_reason_why_not(parameters: str) -> None:
    planned, reasons = 0, dict[int, list[str]]()
    for seed, spec in SPECS.items():
        try:
            plan = make_plan(spec, Hardware(parameters=parameters))
        except ValueError as error:
            reasons[seed] = str(error).split("\n")
            continue
        planned += 1
        assert plan.images
        assert plan.cycles_per_block > 0
    assert planned > 40
    for seed, lines in reasons.items():
        assert all(len(line) < 300 and spec_word(line, SPECS[seed]) for line in lines), lines


def spec_word(line: str, spec: EncoderSpec) -> bool:
    """Whether a sentence names a stage, a knob or a number of the spec."""
    return "hardware." in line or "search bias" in line or any(name in line for s in spec.stages for name in s.names)
