"""A linear design through the stages, and its page."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flow.report.collect import compare_with_pca
from flow.report.convert import quantized_of, training_of
from flow.report.measure import Decoded, decode_split
from flow.report.page import write_page
from flow.report.schema import Fitting, LevelCoder, Report, Weights
from flow.report.sent import SentLevels
from flow.report.table import table_text
from flow.stages.dataset_file import load_dataset_file
from model.families import FAMILIES
from model.model_metrics import LinearMetrics
from quantize.linear.linear_report import LinearReport
from quantize.report import load_report_of
from spikecae.codec import Decoder, Encoder
from spikecae.design import Design, load_design
from spikecae.evaluation.quality import sndr
from spikecae.golden import encode
from spikecae.spec import load_spec
from spikecae.spec.operating_points import load_operating_points
from tests.flow.conftest import run_flow
from tests.linear_file import linear_text
from tests.reports import sample_report

pytestmark = pytest.mark.slow

NAME = "tiny_linear"


def flow(folder: Path, stage: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_flow(folder, stage, "--design", NAME, *arguments)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, weights, the spec made from them, and what the host needs; not to be changed."""
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "designs").mkdir()
    text = linear_text(further_bits_per_spike=[8.0])
    (folder / "designs" / f"{NAME}.toml").write_text(text, encoding="utf-8")
    for stage in ("train", "quantize", "codec"):
        done = flow(folder, stage)
        assert done.returncode == 0, done.stderr
        assert f"{stage:<9} not made here yet" in done.stdout
    return folder


@pytest.fixture(scope="module")
def design(fitted: Path) -> Design:
    return load_design(fitted / "designs" / f"{NAME}.toml")


@pytest.fixture(scope="module")
def decoded(fitted: Path, design: Design) -> Decoded:
    build = fitted / "build" / NAME
    spec, test = load_spec(build / "quantize"), load_dataset_file(build / "data").test
    return decode_split(design, spec, build / "quantize" / "checkpoint.safetensors", test)


@pytest.fixture(scope="module")
def report(fitted: Path, design: Design) -> Report:
    """The small network's report, with what this encoder's stages found in place of its figures."""
    build, family = fitted / "build" / NAME, FAMILIES.of(design)
    quantization = load_report_of(build / "quantize" / "metrics.json", LinearReport)
    found, training = (
        quantized_of(quantization, design),
        training_of(family.load_training(build / "model/training.json")),
    )
    parts = {
        "weights": Weights(origin="trained", training=training),
        "float_model": found.float_model,
        "fixed_point": found.fixed_point,
        "layers": found.layers,
        "codewords": quantization.codewords,
        "further_points": found.further_points,
        "widths": found.widths,
        "baseline": compare_with_pca(design, load_dataset_file(build / "data"), found.fixed_point),
    }
    return sample_report().model_copy(update=parts)


def test_stages_leave_what_others_ask_for(fitted: Path) -> None:
    build = fitted / "build" / NAME
    files = ["decoder.onnx", "spec.json", "spec.npz"]
    assert sorted(path.name for path in (build / "codec").iterdir()) == sorted([*files, "points", f"{NAME}.toml"])
    assert sorted(path.name for path in (build / "codec" / "points" / "1").iterdir()) == files
    metrics = LinearMetrics.model_validate_json((build / "model" / "metrics.json").read_bytes())
    assert metrics.weights == "trained"
    assert json.loads((build / "model" / "training.json").read_text())["repeat_with"] == f"make train DESIGN={NAME}"
    for stage in ("train", "quantize", "codec"):
        assert "nothing to do" in flow(fitted, stage).stdout


def test_the_host_encodes_and_decodes(fitted: Path, design: Design, decoded: Decoded) -> None:
    folder, test = fitted / "build" / NAME / "codec", load_dataset_file(fitted / "build" / NAME / "data").test
    encoder, decoder = Encoder.from_spec(folder), Decoder.from_spec(folder)
    packets = decoder.feed(encoder.encode(test.adc) + encoder.flush())
    indices = np.concatenate([packet.blocks.indices for packet in packets])
    np.testing.assert_array_equal(indices, encode(load_spec(folder), test.adc).indices)
    waveforms = decoder.waveforms(indices, design.adc)
    assert np.abs(waveforms - decoded.decoded).max() < 1e-3 * np.abs(decoded.decoded).max()


def test_the_host_decodes_packets_of_both_points(fitted: Path, design: Design) -> None:
    build = fitted / "build" / NAME
    test, folder = load_dataset_file(build / "data").test, build / "codec"
    encoder, decoder = Encoder.from_spec(folder), Decoder.from_spec(folder)
    specs = load_operating_points(folder)
    stream = encoder.encode(test.adc) + encoder.switch(specs[1]) + encoder.encode(test.adc) + encoder.flush()
    waveforms: dict[int, list[np.ndarray]] = {spec.tag: [] for spec in specs}
    for packet in decoder.feed(stream):
        tag = packet.header.tag
        waveforms[tag].append(decoder.waveforms(packet.blocks.indices, design.adc, tag))
    metrics = load_report_of(build / "quantize" / "metrics.json", LinearReport)
    (further,) = metrics.further_points
    assert (metrics.spec_hash, further.spec_hash) == tuple(spec.hash for spec in specs)
    assert (metrics.fixed_point.bits_per_spike, further.fixed_point.bits_per_spike) == pytest.approx((14, 8), rel=0.1)
    for parts, measured in zip(waveforms.values(), (metrics.fixed_point, further.fixed_point), strict=True):
        quality = sndr(test.spikes, np.concatenate(parts))
        assert quality.mean_db == pytest.approx(measured.sndr_mean_db, abs=1e-3)


def test_epochs_are_refused_before_anything_else(fitted: Path, tmp_path: Path) -> None:
    shutil.copytree(fitted / "designs", tmp_path / "designs")
    for stage in ("train", "quantize", "all"):
        done = flow(tmp_path, stage, "--epochs", "5")
        assert done.returncode == 1
        assert done.stderr == "error: EPOCHS=5: an encoder of kind 'linear' has no epochs; leave it out\n"
    assert not (tmp_path / "build" / NAME / "data").exists()


def test_a_spec_of_before_an_edit_is_refused(fitted: Path, tmp_path: Path) -> None:
    shutil.copytree(fitted, tmp_path / "checkout")
    file = tmp_path / "checkout" / "designs" / f"{NAME}.toml"
    file.write_text(linear_text(features=7), encoding="utf-8")
    done = flow(tmp_path / "checkout", "rtl")
    assert done.returncode == 1
    assert "encoder.features: the spec was made with 6, the design has 7" in done.stderr
    assert f"make train DESIGN={NAME}, then make quantize DESIGN={NAME}" in done.stderr


def ship_weights(build: Path, shipped: Path) -> None:
    """The trained weights of both points, beside a design."""
    for folder in (Path(), Path("points", "1")):
        (shipped / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(build / "model" / folder / "checkpoint.safetensors", shipped / folder / "model.safetensors")


def test_shipped_weights_are_taken_and_measured(fitted: Path, tmp_path: Path) -> None:
    shutil.copytree(fitted / "designs", tmp_path / "designs")
    shipped, build = tmp_path / "designs" / NAME, fitted / "build" / NAME
    ship_weights(build, shipped)
    shutil.copy(build / "model" / "training.json", shipped)
    done = flow(tmp_path, "quantize")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "build" / NAME / "model" / "metrics.json").read_text())
    before = json.loads((build / "model" / "metrics.json").read_text())
    assert metrics == before | {"weights": "shipped"}
    made = (load_spec(folder / "build" / NAME / "quantize").hash for folder in (tmp_path, fitted))
    assert len(set(made)) == 1


def test_the_decoder_of_a_shipped_spec_is_its_own(fitted: Path, tmp_path: Path) -> None:
    """That of the trained weights was fitted to what the float encoder sends."""
    shutil.copytree(fitted / "designs", tmp_path / "designs")
    shipped, build = tmp_path / "designs" / NAME, fitted / "build" / NAME
    shutil.copytree(build / "quantize", shipped)
    ship_weights(build, shipped)
    done = flow(tmp_path, "codec")
    assert done.returncode == 0, done.stderr
    made = tmp_path / "build" / NAME / "codec" / "decoder.onnx"
    assert made.read_bytes() == (build / "codec" / "decoder.onnx").read_bytes()
    (shipped / "checkpoint.safetensors").unlink()
    assert flow(tmp_path, "codec").returncode == 0
    assert made.read_bytes() != (build / "codec" / "decoder.onnx").read_bytes()


def test_decoded_spikes_have_the_quality_that_quantize_measured(fitted: Path, design: Design, decoded: Decoded) -> None:
    metrics = load_report_of(fitted / "build" / NAME / "quantize" / "metrics.json", LinearReport)
    got, sent = metrics.fixed_point, decoded.sent
    assert isinstance(sent, SentLevels)
    assert np.nanmean(decoded.sndr_db) == pytest.approx(got.sndr_mean_db, abs=1e-6)
    assert sent.bits.mean() / 2 == pytest.approx(got.bits_per_spike)
    assert np.count_nonzero(sent.classes) == got.classes_used
    assert sent.classes.sum() == 2 * len(sent.levels)
    assert sent.levels.shape == sent.escaped.shape == (metrics.test_blocks, 6, 2)
    spec = load_spec(fitted / "build" / NAME / "quantize")
    taps = encode(spec, load_dataset_file(fitted / "build" / NAME / "data").test.adc).taps
    np.testing.assert_array_equal(sent.levels, taps["levels"])


def test_the_report_tells_of_levels(
    report: Report, decoded: Decoded, design: Design, fitted: Path, tmp_path: Path
) -> None:
    coder, training = report.fixed_point, report.weights.training
    assert isinstance(coder, LevelCoder)
    assert isinstance(training, Fitting)
    assert Report.model_validate_json(report.model_dump_json()) == report
    write_page(design, report, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 8
    (further,) = report.further_points
    assert f'<td>point 1</td><td class="n">{further.sndr_mean_db:.2f} dB</td>' in page
    assert further.line(report.codewords).split(";")[0] in " ".join(table_text(report).split())
    for shown in (
        *(
            "worst 5 %",
            "bits/spike",
            "classes used",
            "3 of 3",
            "compression by Huffman codes",
            "the float model, rounded",
        ),
        *(f"{coder.sndr_worst_db:.2f} dB", f"{coder.bits_per_spike:.2f}", f"{100 * coder.escaped:.1f} %"),
        f"dB at cr_huffman {training.cr_huffman:.1f}, float",
    ):
        assert shown in page, shown
    for of_a_network in ("bits/index", "cr_entropy", "codewords used", "epoch", "of the network", "codebook"):
        assert of_a_network not in page, of_a_network
    table = " ".join(table_text(report).replace("│", " ").split())
    assert f"worst 5 % {coder.sndr_worst_db:.2f}; CR {coder.cr_huffman:.1f} Huffman" in table
    assert "3 of 3 classes used" in table
    assert "golden = float" in table
    assert "4 in the class search" in table
    (latent_bits,) = (
        stage.bits for stage in load_spec(fitted / "build" / NAME / "quantize").stages if stage.kind == "levels"
    )
    assert report.widths == f"8/{latent_bits}-bit"
    assert f"dB at CR {training.cr_huffman:.1f} on its held-out spikes, float" in table


def test_an_encoder_without_classes_says_nothing_of_them(report: Report) -> None:
    coder = report.fixed_point.model_copy(update={"classes_used": 1})
    assert "classes" not in coder.line(1)
    assert coder.columns(1)["classes used"] == "–"
    idle = report.encoder.model_copy(update={"search_multipliers": 0})
    assert report.model_copy(update={"encoder": idle}).multipliers == "27 multipliers, 98 % busy"
