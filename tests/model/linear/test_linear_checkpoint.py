import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from model.datasets import SpikeDataset
from model.files import read_tensors, write_tensors
from model.linear.checkpoint import linear_hash, load_linear, save_linear
from model.linear.fit import fit_linear
from model.linear.linear_model import LinearModel
from spikecae.design import Design
from tests.linear_designs import linear_design


@pytest.fixture(scope="module")
def design(tiny: Design) -> Design:
    return linear_design(tiny, codewords=4)


@pytest.fixture(scope="module")
def model(design: Design, tiny_spikes: SpikeDataset) -> LinearModel:
    return fit_linear(design, tiny_spikes, seed=0)


@pytest.fixture
def saved(design: Design, model: LinearModel, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_linear(path, design, model)
    return path


def test_round_trip(design: Design, model: LinearModel, saved: Path, tiny_spikes: SpikeDataset) -> None:
    loaded = load_linear(saved, design)
    for name in ("weight", "bias", "classes", "class_cost"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(model, name))
    assert loaded.rounding == model.rounding
    assert [box.low.tolist() for box in loaded.groups] == [box.low.tolist() for box in model.groups]
    assert [box.size.tolist() for box in loaded.groups] == [box.size.tolist() for box in model.groups]
    blocks = model.normalization.apply(tiny_spikes.test.adc)
    np.testing.assert_array_equal(loaded.reconstruct(blocks), model.reconstruct(blocks))


def test_without_classes(tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path) -> None:
    design = linear_design(tiny, joint=False)
    save_linear(tmp_path / "c", design, fit_linear(design, tiny_spikes, seed=0))
    assert load_linear(tmp_path / "c", design).classes.shape == (0, 6)


def test_the_hash_is_of_what_the_fit_depends_on(tiny: Design, design: Design) -> None:
    others = [
        linear_design(tiny, codewords=5),
        linear_design(tiny, codewords=4, bits=17.0),
        linear_design(tiny, codewords=4, joint=False),
        linear_design(tiny, codewords=4, rate_weight=1.0),
    ]
    assert len({linear_hash(other) for other in [design, *others]}) == 5
    faster = design.model_copy(update={"hardware": design.hardware.model_copy(update={"fold": 8})})
    assert linear_hash(faster) == linear_hash(design)


def test_a_file_of_another_design_is_refused(tiny: Design, saved: Path) -> None:
    with pytest.raises(ValueError, match=r"fitted for design 'tiny' with other .*train again"):
        load_linear(saved, linear_design(tiny, codewords=5))


@pytest.mark.parametrize("kept", [0, 4, 300, -1])
def test_a_truncated_file_is_refused(design: Design, saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    refused(saved, design, "truncated or corrupt")


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"kind": "checkpoint"}, "found 'checkpoint' of schema 1, expected a linear checkpoint of schema 1"),
        ({"schema_version": None}, "of schema None, expected"),
        ({"rounding": None}, "rounding = None is no multiple of 0.125 up to a half"),
        ({"rounding": 0.3}, "rounding = 0.3 is no multiple"),
        ({"rounding": 0.625}, "rounding = 0.625 is no multiple"),
        ({"rounding": float("nan")}, "rounding = nan is no multiple"),
        ({"groups": None}, "groups of \\[\\] do not have 6 latents, up to 8 each"),
        ({"groups": [3, 2]}, "groups of \\[3, 2\\] do not have 6 latents"),
        ({"groups": [7, -1]}, "groups of \\[7, -1\\] do not have 6 latents"),
        ({"groups": ["6"]}, "groups of \\[0\\] do not have 6 latents"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_metadata_of_something_else_are_refused(
    design: Design, saved: Path, metadata: dict[str, object], reason: str
) -> None:
    tensors, stored = read_tensors(saved)
    save_file(tensors, saved, {"spikecae": json.dumps(stored | metadata)})
    refused(saved, design, reason)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("weight", lambda t: t * float("nan"), "has values that are not finite"),
        ("weight", lambda t: t.float(), "is torch.float32 \\[6, 32\\], must be torch.float64 \\[6, 32\\]"),
        ("weight", lambda t: t[:, :16], "is torch.float64 \\[6, 16\\]"),
        ("classes", lambda t: t[:3], "is torch.float64 \\[3, 6\\], must be torch.float64 \\[4, 6\\]"),
        ("class_cost", lambda t: t - 1, "has values that are negative"),
        ("normalization.scale", lambda t: t * 0, "has values that are not positive"),
        ("decoder.inverse.weight", lambda t: t * float("inf"), "has values that are not finite"),
        ("groups.low", lambda t: t - 200, "a group's box does not hold the level 0"),
        ("groups.low", lambda t: t * 0 + 1, "a group's box does not hold the level 0"),
        ("groups.size", lambda t: t * 0, "a group's box does not hold the level 0"),
        ("groups.size", lambda t: t + (1 << 62), "a group's box does not hold the level 0"),
        ("groups.size", lambda t: t + 100, "a group has more than 64 symbols"),
        ("other", lambda t: torch.zeros(3), "tensors are missing or unknown: 'other'"),
        ("bias", lambda t: None, "tensors are missing or unknown: 'bias'"),
    ],
    ids=lambda value: None if callable(value) else ascii(value)[:30],
)
def test_other_tensors_are_refused(
    design: Design, saved: Path, name: str, change: Callable[[Any], torch.Tensor | None], reason: str
) -> None:
    tensors, metadata = read_tensors(saved)
    changed = change(tensors.pop(name, None))
    write_tensors(saved, tensors | ({} if changed is None else {name: changed}), metadata)
    refused(saved, design, reason)


def test_an_absent_file_is_named(design: Design, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        load_linear(tmp_path / "absent", design)


def refused(path: Path, design: Design, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        load_linear(path, design)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
