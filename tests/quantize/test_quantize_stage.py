import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.checkpoint import load_checkpoint
from model.datasets import SpikeDataset
from model.evaluation import evaluate
from quantize.compare import MismatchError
from quantize.report import QuantizationReport, load_report
from quantize.stage import quantize
from spikecae import golden
from spikecae.bitstream.payload import Events, write_blocks
from spikecae.design import Design
from spikecae.spec import EncoderSpec, load_spec


@pytest.fixture(scope="module")
def out(
    tiny: Design, tiny_checkpoint: Path, tiny_spikes: SpikeDataset, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("quantize")
    quantize(tiny, tiny_checkpoint, tiny_spikes, folder)
    return folder


@pytest.fixture(scope="module")
def report(out: Path) -> QuantizationReport:
    return load_report(out / "metrics.json")


@pytest.fixture(scope="module")
def spec(out: Path) -> EncoderSpec:
    return load_spec(out)


def test_report_belongs_to_the_spec_beside_it(report: QuantizationReport, spec: EncoderSpec, out: Path) -> None:
    assert report.spec_hash == spec.hash
    assert json.loads((out / "metrics.json").read_text())["schema_version"] == 3
    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint.safetensors",
        "metrics.json",
        "spec.json",
        "spec.npz",
    ]


def test_rates_are_those_of_the_golden_model_on_the_test_split(
    report: QuantizationReport, spec: EncoderSpec, tiny_spikes: SpikeDataset
) -> None:
    adc = tiny_spikes.test.adc
    coded = golden.encode(spec, adc)
    got = report.fixed_point
    p = np.bincount(coded.indices.ravel()) / coded.indices.size
    entropy = -(p[p > 0] * np.log2(p[p > 0])).sum()
    assert got.entropy_bits_per_index == pytest.approx(entropy)
    assert got.cr_entropy == pytest.approx(2 * 16 * 16 / (4 * entropy))  # M·D·W / (N·H)
    assert got.cr_huffman == pytest.approx(adc.size * 16 / coded.payload_bits.sum())
    packets = write_blocks(spec, coded.indices, blocks_per_packet=report.blocks_per_packet)
    assert got.cr_wire == pytest.approx(adc.size * 16 / (8 * sum(map(len, packets))))
    times = np.floor(tiny_spikes.test.times_s[:, 0] * 30000 + 0.5).astype(np.int64)
    events = Events(tiny_spikes.test.channels[:, 0].astype(np.int64), times)
    packets = write_blocks(spec, coded.indices, blocks_per_packet=report.blocks_per_packet, events=events)
    assert got.cr_wire_events == pytest.approx(adc.size * 16 / (8 * sum(map(len, packets))))
    assert got.cr_wire_events < got.cr_wire < got.cr_huffman < got.cr_entropy * 1.0001
    assert got.code_cross_entropy_bits_per_index >= entropy
    assert report.golden_check.values == sum(tap.size for tap in coded.taps.values())
    assert (report.golden_check.blocks, report.golden_check.mismatches) == (len(adc), 0)


def test_float_figures_are_those_of_the_model(
    report: QuantizationReport, tiny: Design, tiny_checkpoint: Path, tiny_spikes: SpikeDataset
) -> None:
    loaded = load_checkpoint(tiny_checkpoint, tiny)
    expected = evaluate(loaded.model, loaded.normalization, tiny_spikes.test, tiny)
    got = report.float_model
    assert got.sndr_mean_db == pytest.approx(expected.sndr.mean_db, abs=1e-6)
    assert got.sndr_global_db == pytest.approx(expected.sndr.global_db, abs=1e-6)
    assert got.cr_entropy == pytest.approx(expected.cr_entropy)
    assert got.codewords_used == expected.codewords_used
    assert report.sndr_loss_db == pytest.approx(got.sndr_mean_db - report.fixed_point.sndr_mean_db)
    assert abs(report.sndr_loss_db) < 0.5


def test_layers_report_ranges_and_noise(report: QuantizationReport) -> None:
    names = [layer.name for layer in report.layers]
    assert names[0] == "normalize"
    assert names[-1] == "project"
    assert len(names) == 9
    for layer in report.layers:
        limit = 2.0**-layer.exponent * (127 if layer.name in ("normalize", "project") else 255)
        assert (layer.saturation_rate > 0) == (
            layer.maximum >= limit + 2.0 ** -(layer.exponent + 1) or layer.minimum < -limit - 1.5 * 2.0**-layer.exponent
        )
        assert layer.saturation_rate < 0.01
        assert layer.accumulated_sqnr_db <= layer.sqnr_db + 0.5
        assert layer.sqnr_db > 20
    assert report.costliest_layer == min(report.layers, key=lambda layer: layer.sqnr_db).name


def test_a_mismatch_fails_the_stage_and_leaves_the_old_output(
    tiny: Design,
    tiny_checkpoint: Path,
    tiny_spikes: SpikeDataset,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr("spikecae.golden.normalize.rshift_round", lambda a, s: a >> s)
    with pytest.raises(MismatchError):
        quantize(tiny, tiny_checkpoint, tiny_spikes, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_truncated_checkpoint_is_refused(
    tiny: Design, tiny_checkpoint: Path, tiny_spikes: SpikeDataset, tmp_path: Path
) -> None:
    broken = tmp_path / "checkpoint.safetensors"
    broken.write_bytes(tiny_checkpoint.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors"):
        quantize(tiny, broken, tiny_spikes, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_same_checkpoint_gives_the_same_spec(
    tiny: Design, tiny_checkpoint: Path, tiny_spikes: SpikeDataset, spec: EncoderSpec, tmp_path: Path
) -> None:
    steps = []
    again = quantize(tiny, tiny_checkpoint, tiny_spikes, tmp_path, lambda *step: steps.append(step))
    assert again.spec_hash == spec.hash
    assert steps[0][0] == "calibrate"
    assert ("compare", len(tiny_spikes.test), len(tiny_spikes.test)) in steps
    assert all(done <= total for _, done, total in steps)


def test_nothing_of_the_test_split_enters_the_spec(
    tiny: Design, tiny_checkpoint: Path, tiny_spikes: SpikeDataset, spec: EncoderSpec, tmp_path: Path
) -> None:
    other = replace(tiny_spikes.test, adc=3 * tiny_spikes.test.adc[::-1], spikes=tiny_spikes.test.spikes[::-1].copy())
    assert quantize(tiny, tiny_checkpoint, replace(tiny_spikes, test=other), tmp_path).spec_hash == spec.hash
