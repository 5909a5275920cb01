"""A spec is compared with the design that it is to be used for, key by key."""

from typing import Any

import pytest

from spikecae.agreement import differences
from spikecae.design import Design, load_design
from spikecae.spec import load_spec
from tests.conftest import DESIGNS
from tests.random_spec import random_spec

NAMES = sorted(path.stem for path in DESIGNS.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_specs_are_of_their_designs(name: str) -> None:
    assert differences(load_spec(DESIGNS / name), load_design(DESIGNS / f"{name}.toml")) == []


def test_a_spec_of_one_design_is_none_of_another() -> None:
    found = differences(load_spec(DESIGNS / "tiny"), load_design(DESIGNS / "hc1.toml"))
    assert {one.key for one in found} >= {"name", "block.spikes", "block.samples", "adc.bits", "encoder.channels"}


def changed(design: Design, key: str, value: Any) -> Design:
    content = design.model_dump(mode="json")
    section, _, name = key.rpartition(".")
    (content[section] if section else content)[name] = value
    return Design.model_validate(content)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "other"),
        ("adc.bits", 12),
        ("block.spikes", 4),
        ("block.samples", 32),
        ("encoder.channels", 32),
        ("encoder.bottleneck", 4),
        ("encoder.groups", 2),
        ("encoder.kernel", 5),
        ("encoder.pools", [2, 4]),
        ("encoder.features", 8),
        ("encoder.share_blocks", True),
        ("codebook.codewords", 32),
        ("codebook.rate_weight", 1.5),
        ("normalization.kind", "global"),
        ("quantization.weight_bits", 4),
        ("quantization.activation_bits", 6),
        ("quantization.latent_bits", 5),
    ],
)
def test_every_key_with_a_trace_in_the_spec_is_compared(tiny: Design, key: str, value: Any) -> None:
    found = {one.key: one for one in differences(load_spec(DESIGNS / "tiny"), changed(tiny, key, value))}
    assert key in found
    assert found[key].in_design == value
    assert str(value) in str(found[key])


def test_narrow_widths_and_a_rate_weight_agree_with_their_design(tiny: Design) -> None:
    narrow = changed(changed(tiny, "quantization.activation_bits", 6), "codebook.rate_weight", 2.0)
    keys = {one.key for one in differences(random_spec(narrow, seed=0, rate_weight=2.0), narrow)}
    assert not keys & {"quantization.activation_bits", "codebook.rate_weight", "encoder.groups"}


def test_what_leaves_no_trace_is_not_compared(tiny: Design) -> None:
    assert differences(load_spec(DESIGNS / "tiny"), changed(tiny, "adc.lsb", 1.0)) == []
