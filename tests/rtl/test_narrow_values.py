"""Activations and latents of fewer than 8 bits on the chip, against golden."""

from functools import partial

import pytest

from rtl.planning import make_plan
from rtl.shape.plan import Plan
from spikecae.bitstream.payload import write_blocks
from spikecae.design import Design, Quantization
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import first, hardware
from tests.rtl.test_chip import Host


def narrow(design: Design, activations: int, latents: int, weights: int = 8) -> Design:
    """The design with values of so many bits."""
    widths = Quantization(weight_bits=weights, activation_bits=activations, latent_bits=latents)
    return design.model_copy(update={"quantization": widths})


def packets(spec: EncoderSpec, plan: Plan, adc) -> tuple[list[bytes], list[bytes]]:
    """What the host encoder makes of some blocks, and what the chip does."""
    host = Host(plan)
    host.run(partial(host.encode, adc=adc))
    return write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=1), host.packets


@pytest.mark.parametrize(
    ("activations", "latents", "weights", "knobs"),
    [
        (6, 5, 4, {"fold": 1, "parameters": "ram", "weight_bits": 4, "stationary": "all", "early_exit": True}),
        (4, 6, 8, {"fold": 2, "parameters": "rom", "early_exit": True}),
        (5, 4, 8, {"fold": 4, "parameters": "ram"}),
        (8, 5, 6, {"fold": 16, "parameters": "rom", "weight_bits": 6, "early_exit": True}),
    ],
)
def test_a_chip_with_narrow_values_equals_golden(
    tiny: Design, activations: int, latents: int, weights: int, knobs: dict[str, object]
) -> None:
    design = narrow(tiny, activations, latents, weights)
    spec = random_spec(design, 40 + latents)
    expected, got = packets(spec, make_plan(spec, hardware(**knobs)), random_adc(design, 4, latents))
    assert got == expected


def test_narrow_values_take_less_room(neuropixels: Design) -> None:
    wide, small = (
        make_plan(random_spec(design, 1), hardware(1, parameters="ram"))
        for design in (neuropixels, narrow(neuropixels, 4, 4))
    )
    before, after = wide.storage(), small.storage()
    samples = 8 * first(wide).inputs  # what the first convolution sees is not narrower
    assert after["windows"] - samples == (before["windows"] - samples) / 2
    for place in ("outputs of convolutions", "pools", "residual delays", "latents"):
        assert after[place] == before[place] / 2
    assert small.quantizer.search.record_words < wide.quantizer.search.record_words
    # 12 squares of at most 2**6, and as much again, of which none is lost in either direction
    assert (wide.quantizer.search.bias_bits, small.quantizer.search.bias_bits) == (20, 12)
