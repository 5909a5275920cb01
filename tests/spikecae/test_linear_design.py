"""A design of a linear encoder: its keys, and what it must not ask for; a spec of one."""

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikecae.agreement import differences
from spikecae.design import Design, DesignError, load_design
from spikecae.design.linear import WITHOUT_EFFECT, Linear
from spikecae.spec import EncoderSpec, load_spec
from spikecae.stages import Classes, Huffman, LevelGroup, Levels, Normalize
from spikecae.stages import Linear as LinearMap
from tests.conftest import DESIGNS
from tests.linear_file import linear_design, linear_text


def faults(folder: Path, text: str) -> list[str]:
    (folder / "tiny_linear.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DesignError) as caught:
        load_design(folder / "tiny_linear.toml")
    return caught.value.faults


def test_latents_are_a_column_a_spike_or_one_for_the_block() -> None:
    apart, joint = linear_design(), linear_design(joint=True, features=32)
    assert (apart.latent_samples, joint.latent_samples) == (2, 1)
    assert Design.model_validate(apart.model_dump(mode="json")) == apart


def test_a_point_is_a_design_of_its_own_rate() -> None:
    design = linear_design(further_bits_per_spike=[8.0, 5.0])
    assert design.points[0] == design
    assert design.points[1:] == tuple(linear_design(bits_per_spike=bits) for bits in (8.0, 5.0))
    assert linear_design().points == (linear_design(),)


@pytest.mark.parametrize(
    ("codewords", "encoder", "expected"),
    [
        (3, {"features": 17}, "encoder.features = 17: a map of 16 samples has no more latents than these; choose 16"),
        (3, {"features": 33, "joint": True}, "encoder.features = 33: a map of 32 samples has no more latents"),
        (257, {}, "codebook.codewords = 257: a linear encoder has 256 classes at most; choose fewer"),
        (0, {}, "codebook.codewords = 0: input should be greater than or equal to 1"),
        (3, {"bits_per_spike": 0.0}, "encoder.bits_per_spike = 0.0: input should be greater than 0"),
        (3, {"further_bits_per_spike": [0.0]}, "encoder.further_bits_per_spike.0 = 0.0: input should be greater"),
        (
            3,
            {"further_bits_per_spike": [7.0, 7.0]},
            "encoder.further_bits_per_spike = [7.0, 7.0]: must differ, and lie",
        ),
        (3, {"further_bits_per_spike": [14.0]}, "encoder.further_bits_per_spike = [14.0]: must differ, and lie below"),
        (
            3,
            {"further_bits_per_spike": [4.0, 3.0, 2.0, 1.0]},
            "encoder.further_bits_per_spike = [4.0, 3.0, 2.0, 1.0]: ",
        ),
        (3, {"symbols": 1}, "encoder.symbols = 1: input should be greater than or equal to 2"),
        (3, {"channels": 8}, "encoder.channels = 8: unknown key"),
    ],
)
def test_a_fault_names_key_value_and_remedy(tmp_path: Path, codewords: int, encoder: dict, expected: str) -> None:
    (line,) = faults(tmp_path, linear_text(codewords=codewords, **encoder))
    assert line.startswith(f"  {expected}"), line


def test_a_block_too_long_to_be_mapped_together(tmp_path: Path) -> None:
    text = linear_text(joint=True).replace("spikes = 2", "spikes = 16").replace("samples = 16", "samples = 65")
    (line,) = faults(tmp_path, text)
    assert line.startswith("  encoder.joint = True: 1040 samples together, 1024 at most; set it to false")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("quantization", "activation_bits", "6"),
        ("quantization", "latent_bits", "6"),
        ("quantization", "fine_tune_epochs", "2"),
        ("quantization", "code_tables", '"by_position"'),
        ("hardware", "identity_shift", "4"),
        ("hardware", "stationary", '"blocks"'),
        ("hardware", "early_exit", "true"),
        ("training", "recipe", '"paper"'),
        ("training", "epochs", "30"),
        ("training", "batch", "16"),
        ("training", "learning_rate", "1.0"),
        ("training", "weight_decay", "1.0"),
        ("training", "dropout", "0.0"),
        ("training", "commitment", "1.0"),
    ],
)
def test_a_wish_without_effect_is_refused(tmp_path: Path, section: str, key: str, value: str) -> None:
    text = linear_text()
    text = text.replace(f"[{section}]\n", f"[{section}]\n{key} = {value}\n")
    text += "" if f"[{section}]" in text else f"[{section}]\n{key} = {value}\n"
    found = faults(tmp_path, text.replace("fold = 2", "fold = 1"))
    assert len(found) == 1
    assert found[0].startswith(f"  {section}.{key} = ")
    assert found[0].endswith(": has no effect on a linear encoder; remove it")


def test_bits_have_no_weight_without_classes(tmp_path: Path) -> None:
    text = linear_text(codewords=1).replace("codewords = 1\n", "codewords = 1\nrate_weight = 2.0\n")
    (line,) = faults(tmp_path, text)
    assert line.startswith("  codebook.rate_weight = 2.0: has no effect without classes; remove it"), line


def test_the_rule_tells_every_key_without_effect() -> None:
    told = inspect.getdoc(Linear.asks_for_nothing_it_lacks) or ""
    for section, keys in WITHOUT_EFFECT.items():
        for key in keys:
            assert f"``{key}``" in told or f"``{section}.{key}``" in told, key


@pytest.mark.parametrize(("codewords", "epochs"), [(1, 30), (16, 0)])
def test_a_network_needs_codewords_and_epochs(tmp_path: Path, codewords: int, epochs: int) -> None:
    text = (DESIGNS / "tiny.toml").read_text(encoding="utf-8").replace('"tiny"', '"tiny_linear"')
    text = text.replace("codewords = 16", f"codewords = {codewords}").replace("epochs = 30", f"epochs = {epochs}")
    (line,) = faults(tmp_path, text)
    key = "codebook.codewords = 1" if codewords == 1 else "training.epochs = 0"
    assert line.startswith(f"  {key}: "), line


def made_up_spec(design: Design, classes: int = 3, joint: bool = False, rate_weight: int = 0) -> EncoderSpec:
    """A spec of the design's shape: every other field as simple as can be."""
    block, latents = design.block, design.encoder.features
    width = block.samples * (block.spikes if joint else 1)
    source = Normalize(
        "normalize", np.zeros(block.samples, np.int16), np.arange(1, block.samples + 1, dtype=np.uint16), 8, 4
    )
    weight, bias = np.ones((latents, width, 1), np.int8), np.zeros(latents, np.int32)
    linear = LinearMap("map", weight, bias, np.full(latents, 4, np.int8), 4, 3, 1, True, False, 8, 10)
    words = np.arange(classes * latents, dtype=np.int16).reshape(classes, latents)
    norms = np.square(words.astype(np.int32)).sum(axis=1, dtype=np.int32)
    group = LevelGroup(np.zeros(1, np.int8), np.full(1, 3, np.uint8), 0)
    levels = Levels(
        name="levels",
        exponent=3,
        bits=10,
        columns=1 if joint else block.spikes,
        fraction=3,
        rounding=4,
        order=1,
        classes=(Classes(words, norms + np.int32(rate_weight), 1),) if classes > 1 else (),
        groups=(group,) * latents,
    )
    tables = (np.full(4, 2, np.uint8), *([np.array([1] + [2] * 2, np.uint8)] if classes > 1 else []))
    return EncoderSpec(
        design.name, block.spikes, block.samples, design.adc.bits, (source, linear, levels, Huffman("huffman", tables))
    )


def test_a_spec_agrees_with_its_design() -> None:
    assert differences(made_up_spec(linear_design()), linear_design()) == []
    joint = linear_design(joint=True, codewords=1)
    assert differences(made_up_spec(joint, classes=1, joint=True), joint) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"features": 7}, "encoder.features: the spec has 6, the design 7"),
        ({"codewords": 1}, "codebook.codewords: the spec has 3, the design 1"),
        ({"joint": True}, "encoder.joint: the spec has False, the design True"),
        ({"symbols": 3}, "encoder.symbols: the spec has a group of 4, the design 3"),
    ],
)
def test_every_key_with_a_trace_in_the_spec_is_compared(changes: dict, expected: str) -> None:
    assert [str(one) for one in differences(made_up_spec(linear_design()), linear_design(**changes))] == [expected]


def test_a_weight_of_bits_shows_in_the_classes() -> None:
    (found,) = differences(made_up_spec(linear_design(), rate_weight=2), linear_design())
    assert str(found) == "codebook.rate_weight: the spec has one above 0, the design 0.0"


def test_a_spec_without_classes_is_none_of_a_design_with_them() -> None:
    (found,) = differences(made_up_spec(linear_design(), classes=1), linear_design())
    assert str(found) == "codebook.codewords: the spec has 1, the design 3"


def test_a_spec_of_one_kind_is_none_of_the_other(tiny: Design) -> None:
    linear = linear_design()
    found = {one.key: one for one in differences(made_up_spec(linear), tiny)}
    assert str(found["encoder.kind"]) == "encoder.kind: the spec has stages linear, levels, the design resnext"
    network = replace(load_spec(DESIGNS / "tiny"), design="tiny_linear")
    assert "encoder.kind" in {one.key for one in differences(network, linear)}
