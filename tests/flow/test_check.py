"""What is wrong with a design, and what it will take, told before it is trained."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from flow.cli import app
from flow.price import check as checking
from flow.price.module import encoder_of, refusals
from flow.price.price import Price
from flow.price.untrained import untrained_specs
from rtl.planning import make_plan
from spikecae.design import Design
from spikecae.spec import load_spec
from tests.flow.conftest import ROOT
from tests.linear_designs import linear_design
from tests.reports import sample_report


def test_an_untrained_network_has_the_shape_of_the_trained_one(tiny: Design) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    (spec,) = untrained_specs(tiny)
    assert torch.equal(before, torch.get_rng_state())  # the caller's randomness is left alone
    untrained, trained = (make_plan(s, tiny.hardware) for s in (spec, load_spec(ROOT / "designs/tiny")))
    assert untrained.cycles_per_block == trained.cycles_per_block
    assert untrained.multipliers == trained.multipliers
    assert untrained.storage() == trained.storage()


def test_an_untrained_linear_encoder_has_every_point(tiny: Design) -> None:
    design = linear_design(tiny, bits=12.0, further=(7.0,), codewords=4)
    specs = untrained_specs(design)
    assert len(specs) == 2
    assert make_plan(specs[0], design.hardware, specs[1:]).cycles_per_block > 0
    assert specs[0].latents.channels == design.encoder.features


@pytest.fixture
def sample_price() -> Price:
    synthesis = sample_report().synthesis
    return Price(
        weights="none",
        cycles_per_block=128,
        latency_cycles=285,
        multipliers=31,
        parameter_bits=8192,
        working_memory_bits=4096,
        estimate=synthesis.estimates[0],
    )


def test_a_sound_design_has_a_price(sample_price: Price, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "price", lambda *_: sample_price)
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, ["check", "tiny"])
    assert done.exit_code == 0, done.output
    for word in ("no fault", "area", "channels", "a mm²", "128 a block"):
        assert word in done.stdout
    told = json.loads(CliRunner().invoke(app, ["check", "tiny", "--json"]).stdout)
    assert told["faults"] == []
    assert Price.model_validate(told["price"]) == sample_price


def test_all_faults_are_told(tmp_path: Path) -> None:
    text = (ROOT / "designs/tiny.toml").read_text()
    file = tmp_path / "mine.toml"
    file.write_text(text.replace('"tiny"', '"mine"').replace("bits = 10", "bits = 99").replace("peak = 6", "peak = 60"))
    done = CliRunner().invoke(app, ["check", str(file)])
    assert done.exit_code == 1
    assert "2 faults" in done.stdout
    assert "adc.bits = 99" in done.stdout
    assert "recording.peak = 60" in done.stdout
    told = json.loads(CliRunner().invoke(app, ["check", str(file), "--json"]).stdout)
    assert len(told["faults"]) == 2
    assert told["price"] is None


MODULE = """
from torch import nn


class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.front = nn.Sequential(nn.Conv1d(2, 8, 3, padding=1), nn.BatchNorm1d(8), nn.ReLU())
        self.seen = nn.MultiheadAttention(8, 2)
        self.wide = nn.Conv1d(8, 8, 7, padding=3)
        self.fast = nn.Conv1d(8, 8, 3, stride=2, padding=1)
        self.pool = nn.MaxPool1d(2)
        self.soft = nn.GELU()
"""


def test_layers_that_the_chip_lacks_are_named_with_the_nearest(tmp_path: Path, tiny: Design) -> None:
    file = tmp_path / "mine.py"
    file.write_text(MODULE)
    *found, unsaid = refusals(encoder_of(f"{file}:Mine", tiny))
    assert [fault.split(":")[0] for fault in found] == [
        "layer seen (MultiheadAttention), 4 of 8, behind front.2",
        "layer wide (Conv1d), 5 of 8, behind seen",
        "layer fast (Conv1d), 6 of 8, behind wide",
        "layer soft (GELU), 8 of 8, behind pool",
    ]
    assert "nearest: a residual block" in found[0]
    assert "nearest: kernel 5" in found[1]
    assert "max pool of 2" in found[2]
    assert "ReLU" in found[3]
    assert unsaid.startswith("Mine does not say in which order its layers follow each other")


def test_a_module_that_says_its_layers_is_judged_by_these(tiny: Design) -> None:
    from model.autoencoder.network import Encoder

    class Attentive(Encoder):
        def layers(self):
            first, *rest = super().layers()
            yield first
            yield "attention", nn.MultiheadAttention(16, 2)
            yield from rest

    own = encoder_of(f"{ROOT / 'model/autoencoder/network.py'}:Encoder", tiny)
    assert isinstance(own, Encoder)
    assert refusals(own) == []
    (fault,) = refusals(Attentive(tiny))
    assert fault.startswith("layer attention (MultiheadAttention), 2 of 7, behind conv: the chip has no such layer")
    assert "EncoderBlock" in fault
    (unsaid,) = refusals(nn.Sequential(nn.Conv1d(2, 4, 3, padding=1), nn.ReLU()))
    assert "layers()" in unsaid


OWN_MISTAKES = """
from torch import nn


class Base(nn.Module):
    def __init__(self, design):
        super().__init__()
        self.first = nn.Conv1d(design.block.spikes, 8, 1)


class Bare(Base):
    def layers(self):
        return [self.first]


class Fails(Base):
    def layers(self):
        yield "first", self.first
        yield "second", self.second


class Unmade(nn.Module):
    def __init__(self):
        {}["nothing"]
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Fails", r"Fails.layers\(\) fails: AttributeError: .*second.*; mend .*/mine.py, line 19"),
        ("Unmade", r"Unmade\(\) fails: KeyError: 'nothing'; mend .*/mine.py, line 24"),
    ],
)
def test_what_is_wrong_in_the_users_own_code_is_not_called_ours(
    name: str, said: str, tmp_path: Path, tiny: Design
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN_MISTAKES)
    (bare,) = refusals(encoder_of(f"{file}:Bare", tiny))
    assert bare.startswith("Bare.layers() gives Conv1d, 1 of 1; give (name, layer) for each stage, as model.auto")
    with pytest.raises(ValueError, match=said):
        refusals(encoder_of(f"{file}:{name}", tiny))
    file.write_text("def (")
    with pytest.raises(ValueError, match=r"fails: SyntaxError: .*mine.py, line 1"):
        encoder_of(f"{file}:{name}", tiny)


@pytest.mark.parametrize(("module", "said"), [("nowhere.py:A", "no such file"), ("x", "FILE.py:CLASS")])
def test_a_module_that_is_not_there_is_told(module: str, said: str, tiny: Design) -> None:
    with pytest.raises(ValueError, match=said):
        encoder_of(module, tiny)
