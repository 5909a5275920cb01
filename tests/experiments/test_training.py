from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments import training
from experiments.frontier import configurations
from experiments.sources import MissingData, data_file
from experiments.training import DESIGNS, shipped, trained, with_settings
from experiments.training_runs import link_rate, measured
from model.datasets import load_dataset
from model.evaluation import run_model
from quantize.measure import split_events
from spikecae.bitstream.huffman import code_lengths
from spikecae.bitstream.payload import write_blocks
from spikecae.design import Design, load_design
from spikecae.spec import load_spec


def test_the_papers_recipe_has_its_dropout_and_normalization(tiny: Design) -> None:
    paper, best = (with_settings(tiny, recipe, seed=3, codewords=8) for recipe in ("paper", "best"))
    assert (paper.training.dropout, paper.normalization.kind) == (0.2, "per_sample")
    assert (best.training.dropout, best.normalization) == (tiny.training.dropout, tiny.normalization)
    assert {design.training.seed for design in (paper, best)} == {3}
    assert paper.codebook.codewords == 8


def test_a_model_is_trained_once(tiny: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "BUILD", tmp_path)
    dataset = load_dataset(tiny)
    first = measured(tiny, trained(tiny, dataset, 1), dataset)
    with monkeypatch.context() as patch:
        patch.setattr("model.training.train._Run", lambda *_: pytest.fail("trained again"))
        again = measured(tiny, trained(tiny, dataset, 1), dataset)
    assert again == first
    assert first.epochs == 1
    assert first.metrics["cr_entropy"] == pytest.approx(16 * 16 / first.metrics["bits_per_spike"])
    assert first.metrics["cr_wire"] < first.metrics["cr_huffman"] < 1.05 * first.metrics["cr_entropy"]
    trained(with_settings(tiny, "best", seed=7), dataset, 1)
    assert len(list((tmp_path / "models").iterdir())) == 2


def test_missing_data_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPIKECAE_DATA", raising=False)
    with pytest.raises(MissingData, match="set SPIKECAE_DATA"):
        data_file("a.mat")
    monkeypatch.setenv("SPIKECAE_DATA", str(tmp_path))
    with pytest.raises(MissingData, match=r"no file a\.mat"):
        data_file("a.mat")


def test_the_frontier_has_every_method_on_every_recording() -> None:
    methods: dict[str, set[str]] = {}
    for item in configurations():
        methods.setdefault(item.labels["data"], set()).add(item.labels["method"])
    assert set(methods) == {"D2 0.05", "D2 0.2", "HC1"}
    assert all({"PCA", "DCT", "DWT sym4", "GWALM", "Gaussian bound"} <= found for found in methods.values())


def test_bits_of_the_link_are_those_of_real_packets() -> None:
    """The shipped tiny network: its own encoder spec makes the packets that are counted."""
    tiny = load_design(DESIGNS / "tiny.toml")
    dataset, model = load_dataset(tiny), shipped(tiny)
    rates = link_rate(tiny, model, dataset, dataset)
    spec = load_spec(DESIGNS / "tiny")
    _, seen = run_model(model.checkpoint.model, model.checkpoint.normalization, dataset.train.adc)
    _, indices = run_model(model.checkpoint.model, model.checkpoint.normalization, dataset.test.adc)
    lengths = code_lengths(np.bincount(seen.ravel(), minlength=tiny.codebook.codewords))
    spec = replace(spec, stages=tuple(replace(s, tables=(lengths,)) if s.name == "huffman" else s for s in spec.stages))
    size = {}
    for events in (None, split_events(tiny, dataset.test)):
        packets = write_blocks(spec, indices, blocks_per_packet=tiny.hardware.packet_blocks, events=events)
        size[events is not None] = 8 * sum(map(len, packets)) / (len(indices) * tiny.block.spikes)
    codes = lengths[indices].sum() / (len(indices) * tiny.block.spikes)
    assert rates["huffman_bits_per_spike"] == pytest.approx(codes)
    assert rates["framing_bits_per_spike"] == pytest.approx(size[False] - codes)
    assert rates["event_bits_per_spike"] == pytest.approx(size[True] - size[False])
    assert rates["cr_wire"] == pytest.approx(16 * tiny.block.samples / size[False])
    assert rates["cr_huffman"] == pytest.approx(16 * tiny.block.samples / codes)
