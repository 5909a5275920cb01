"""Kinds of encoders as the stages ask for them."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from rich.console import Console

from model.by_kind import ByKind
from model.datasets import SpikeDataset
from model.evaluation import decode_units
from model.export import export_decoder
from model.families import FAMILIES
from model.linear.checkpoint import load_linear
from model.linear.fitting_report import load_fitting_report
from quantize.families import QUANTIZED_FAMILIES
from quantize.linear.linear_report import LinearReport
from quantize.report import load_report_of
from spikecae import golden
from spikecae.bitstream.payload import Events, write_blocks
from spikecae.design import ENCODERS, Block, Design, Encoder, Linear, ResNeXt
from spikecae.evaluation.quality import sndr, spike_decibels
from spikecae.spec import load_spec
from tests.linear_file import linear_design


class Another(Encoder):
    """A kind that nothing trains."""

    kind: Literal["another"] = "another"

    def latent_samples(self, block: Block) -> int:
        return 1


def test_every_kind_of_a_design_file_is_known_to_the_stages(tiny: Design) -> None:
    assert set(ENCODERS.values()) == {ResNeXt, Linear}
    for design in (tiny, linear_design()):
        assert FAMILIES.of(design) is not None
        assert QUANTIZED_FAMILIES.of(design) is not None


def test_a_kind_without_an_entry_is_refused(tiny: Design) -> None:
    design = tiny.model_copy(update={"encoder": Another(features=1)})
    with pytest.raises(ValueError, match=r"encoder.kind = 'another': no file of model/families knows it; add one"):
        FAMILIES.of(design)


def test_a_kind_has_one_entry(tiny: Design) -> None:
    entries = ByKind[int]("somewhere")
    entries.register(ResNeXt, 1)
    assert entries.of(tiny) == 1
    with pytest.raises(ValueError, match="ResNeXt has an entry in somewhere already"):
        entries.register(ResNeXt, 2)


@pytest.fixture(scope="module", params=[{}, {"joint": True, "codewords": 1, "features": 10}], ids=["apart", "joint"])
def design(request: pytest.FixtureRequest) -> Design:
    return linear_design(**request.param)


@pytest.fixture(scope="module")
def folder(design: Design, tiny_spikes: SpikeDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fit and its spec."""
    made = tmp_path_factory.mktemp("linear")
    how = FAMILIES.of(design).train(design, tiny_spikes, made, None, Console(quiet=True))
    assert how.startswith("fitted in ")
    report = QUANTIZED_FAMILIES.of(design).quantize(
        design, made / "checkpoint.safetensors", tiny_spikes, made / "integers", lambda *step: None
    )
    assert isinstance(report, LinearReport)
    return made


def test_figures_of_the_fit_are_those_of_the_stored_model(
    design: Design, folder: Path, tiny_spikes: SpikeDataset
) -> None:
    report, test = load_fitting_report(folder / "training.json"), tiny_spikes.test
    model = load_linear(folder / "checkpoint.safetensors", design)
    decoded = decode_units(model.reconstruct(model.normalization.apply(test.adc)), model.normalization, design)
    assert report.test.sndr_mean_db == pytest.approx(sndr(test.spikes, decoded).mean_db)
    decibels = spike_decibels(test.spikes, decoded)
    assert (decibels < report.test.sndr_worst_db).mean() == pytest.approx(0.05, abs=0.002)
    assert report.validation.bits_per_spike <= design.encoder.bits_per_spike + 1e-9
    assert report.test.cr_huffman == pytest.approx(16 * 16 / report.test.bits_per_spike)
    metrics = FAMILIES.of(design).measure(design, folder / "checkpoint.safetensors", tiny_spikes, "shipped")
    shown = metrics.model_dump()
    assert {key: shown[key] for key in report.test.model_dump()} == report.test.model_dump()
    assert (report.data_sha256, report.classes) == (tiny_spikes.training_sha256, design.codebook.codewords)


def test_figures_of_the_spec_are_those_of_golden_and_of_packets(
    design: Design, folder: Path, tiny_spikes: SpikeDataset
) -> None:
    made, test = folder / "integers", tiny_spikes.test
    report, spec = load_report_of(made / "metrics.json", LinearReport), load_spec(made)
    assert report.spec_hash == spec.hash
    coded, got = golden.encode(spec, test.adc), report.fixed_point
    assert got.bits_per_spike == pytest.approx(coded.payload_bits.sum() / test.spikes[..., 0].size)
    assert got.cr_huffman == pytest.approx(test.adc.size * 16 / coded.payload_bits.sum())
    times = np.floor(test.times_s[:, 0] * 30000 + 0.5).astype(np.int64)
    events = Events(test.channels[:, 0].astype(np.int64), times)
    for cr, known in ((got.cr_wire, None), (got.cr_wire_events, events)):
        packets = write_blocks(spec, coded.indices, blocks_per_packet=report.blocks_per_packet, events=known)
        assert cr == pytest.approx(test.adc.size * 16 / (8 * sum(map(len, packets))))
    off_chip = FAMILIES.of(design).off_chip(design, made / "checkpoint.safetensors")
    shape = (len(test), spec.latents.channels, spec.latents.samples)
    latents = spec.quantizer.dequantize(coded.indices, shape[1] * shape[2]).reshape(shape)
    with torch.inference_mode():
        outputs = off_chip.decoder(torch.from_numpy(latents)).numpy()
    decoded = decode_units(outputs, off_chip.normalization, design)
    assert got.sndr_mean_db == pytest.approx(sndr(test.spikes, decoded).mean_db, abs=1e-6)
    assert got.sndr_worst_db == pytest.approx(np.percentile(spike_decibels(test.spikes, decoded), 5), abs=1e-5)
    assert abs(report.sndr_loss_db) < 0.3
    assert report.golden_check.values == sum(tap.size for tap in coded.taps.values()) + (
        coded.taps["levels"].shape[0] * spec.latents.samples if spec.quantizer.classes else 0
    )
    assert report.symbols == sum(table.size for table in spec.coder.tables)


def test_onnx_runtime_gives_what_pytorch_gives(design: Design, folder: Path, tmp_path: Path) -> None:
    import onnxruntime

    decoder = FAMILIES.of(design).off_chip(design, folder / "checkpoint.safetensors").decoder
    export_decoder(tmp_path / "decoder.onnx", design, decoder)
    shape = (9, design.encoder.features, design.latent_samples)
    latents = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    with torch.inference_mode():
        expected = decoder(torch.from_numpy(latents)).numpy()
    session = onnxruntime.InferenceSession(str(tmp_path / "decoder.onnx"), providers=["CPUExecutionProvider"])
    for part in (latents, latents[:1]):
        assert np.abs(session.run(["blocks"], {"latents": part})[0] - expected[: len(part)]).max() < 1e-4
    assert np.abs(expected).max() > 0.1


def test_a_fit_is_the_same_again(design: Design, folder: Path, tiny_spikes: SpikeDataset, tmp_path: Path) -> None:
    FAMILIES.of(design).train(design, tiny_spikes, tmp_path, None, Console(quiet=True))
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == (folder / "checkpoint.safetensors").read_bytes()
