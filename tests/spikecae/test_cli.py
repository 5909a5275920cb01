"""The command line on the shipped small design: files in, files out, and what it says of bad ones."""

from pathlib import Path

import numpy as np
import pytest

from spikecae.bitstream.events import Events
from spikecae.bitstream.payload import write_snippets
from spikecae.codec import Decoder, Encoder
from spikecae.codec.container import END, ContainerWriter, file_header
from spikecae.design import Design
from spikecae.front_end.adc import codes_to_units
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc
from tests.spikecae.command import ROOT, SHIPPED, Run

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")


def test_recording_to_file_and_back(run: Run, shipped: EncoderSpec, tiny: Design, tmp_path: Path) -> None:
    adc = random_adc(tiny, 150, seed=1)
    samples = codes_to_units(adc, tiny.adc).astype(np.float32)
    samples[3, 1, 4] = 1e6
    adc[3, 1, 4] = tiny.adc.maximum
    channels, times = np.arange(150) % 16, np.arange(300).reshape(150, 2) * 40
    np.savez(tmp_path / "in.npz", snippets=samples, channels=channels.astype(np.uint16), times=times)
    said = run("encode", "in.npz", "x.scae", "--spec", SHIPPED, "--lsb", tiny.adc.lsb)
    assert "150 blocks" in said
    assert "1 sample lay outside" in said
    encoder = Encoder(shipped)
    packets = encoder.encode(adc, Events(channels, times.ravel())) + encoder.flush()
    assert (tmp_path / "x.scae").read_bytes()[: -END.size].endswith(packets)

    assert "150 blocks in 10 packets; snippets in uV" in run("decode", "x.scae", "out.npz", "--spec", SHIPPED)
    indices = encode(shipped, adc).indices
    with np.load(tmp_path / "out.npz", allow_pickle=False) as out:
        assert np.array_equal(out["indices"], indices)
        assert np.array_equal(out["channels"], channels)
        assert np.array_equal(out["times"], times)
        assert np.array_equal(out["packets"], np.repeat(np.arange(10), 16)[:150])
        assert out["present"].all()
        assert np.array_equal(out["snippets"], Decoder(shipped, SHIPPED / "decoder.onnx").waveforms(indices, tiny.adc))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.npz", "out.npz", "x.scae"]


def test_codes_without_a_scale_stay_codes(run: Run, tiny: Design, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", random_adc(tiny, 20, seed=2))
    run("encode", "in.npy", "x.scae", "--spec", SHIPPED, "--blocks-per-packet", 5)
    assert "latents" in run("decode", "x.scae", "out.npz", "--spec", SHIPPED, "--latents")
    with np.load(tmp_path / "out.npz") as out:
        assert set(out.files) == {"latents", "indices", "present", "tags", "packets"}
        assert out["latents"].shape == (20, 4, 4)
    said = run("inspect", "x.scae")
    for part in ("1 ADC step a step", "4, ", "20 of 20 that", "40, 2 of 16 samples in a block", "0 packets lost"):
        assert part in said


def test_a_unit_without_a_name_is_called_the_recordings_own(run: Run, tiny: Design, tmp_path: Path) -> None:
    samples = codes_to_units(random_adc(tiny, 20, seed=2), tiny.adc).astype(np.float32)
    np.save(tmp_path / "in.npy", samples)
    run("encode", "in.npy", "x.scae", "--spec", SHIPPED, "--lsb", tiny.adc.lsb, "--unit", "1")
    assert f"{tiny.adc.lsb} units of the recording's own a step" in run("inspect", "x.scae")
    assert "snippets in units of the recording's own" in run("decode", "x.scae", "out.npz", "--spec", SHIPPED)


def test_what_cannot_be_encoded_is_refused_and_no_file_left(run: Run, tiny: Design, tmp_path: Path) -> None:
    good = random_adc(tiny, 8, seed=4)
    bad = {
        "units.npy": (good * 1.0, "say with --lsb"),
        "wide.npy": (good * 100, "no code of a 10-bit signed converter, which has -512..511"),
        "shape.npy": (good[:, :1], "takes numbers of shape (n, 2, 16)"),
        "text.npy": (np.array([["a"]]), "takes numbers of shape"),
        "nan.npy": (np.where(good == good[0, 0, 0], np.nan, 1.0), "say with --lsb"),
    }
    for name, (array, reason) in bad.items():
        np.save(tmp_path / name, array)
        said = run("encode", name, "x.scae", "--spec", SHIPPED, status=1)
        assert said.startswith(f"error: {name}")
        assert reason in said
    assert "is nan, not a number" in run("encode", "nan.npy", "x.scae", "--spec", SHIPPED, "--lsb", 1, status=1)
    np.savez(tmp_path / "lonely.npz", snippets=good, times=np.arange(8))
    assert "belong together" in run("encode", "lonely.npz", "x.scae", "--spec", SHIPPED, status=1)
    assert not (tmp_path / "x.scae").exists()


def test_the_wrong_spec_network_or_file_is_named(run: Run, tiny: Design, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", random_adc(tiny, 4, seed=5))
    run("encode", "in.npy", "x.scae", "--spec", SHIPPED)
    other = ROOT / "designs" / "neuropixels"
    (tmp_path / "broken.onnx").write_bytes((SHIPPED / "decoder.onnx").read_bytes()[:-2000])
    run("decode", "x.scae", "out.npz", "--spec", SHIPPED)
    old = (tmp_path / "out.npz").read_bytes()
    for arguments, reason in (
        (("x.scae", "out.npz", "--spec", other), "name the right folder with --spec"),
        (("in.npy", "out.npz", "--spec", SHIPPED), "in.npy: no .scae file"),
        (("x.scae", "out.npz", "--spec", SHIPPED, "--network", other / "decoder.onnx"), "of another design"),
        (("x.scae", "out.npz", "--spec", SHIPPED, "--network", "broken.onnx"), "ONNX Runtime does not load it"),
        (("x.scae", "out.npz", "--spec", SHIPPED, "--network", "none.onnx"), "no decoder network none.onnx"),
        (("none.scae", "out.npz", "--spec", SHIPPED), "none.scae"),
    ):
        said = run("decode", *arguments, status=1)
        assert reason in said
        assert "Traceback" not in said
    assert (tmp_path / "out.npz").read_bytes() == old


def test_fortran_order_gives_the_same_file(run: Run, tiny: Design, tmp_path: Path) -> None:
    codes = random_adc(tiny, 200, seed=6)
    np.save(tmp_path / "c.npy", codes)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(codes))
    np.savez_compressed(tmp_path / "fortran.npz", snippets=np.asfortranarray(codes))
    for name in ("c.npy", "fortran.npy", "fortran.npz"):
        run("encode", name, f"{name}.scae", "--spec", SHIPPED)
    files = {path.read_bytes() for path in tmp_path.glob("*.scae")}
    assert len(files) == 1


@pytest.mark.parametrize("start", [0, (1 << 32) - 100, 1 << 33, (1 << 62) + 5])
def test_late_times_come_back_as_they_were(run: Run, tiny: Design, tmp_path: Path, start: int) -> None:
    codes, times = random_adc(tiny, 100, seed=7), start + np.arange(200).reshape(100, 2) * (1 << 26)
    np.savez(tmp_path / "in.npz", snippets=codes, channels=np.arange(100), times=times)
    run("encode", "in.npz", "x.scae", "--spec", SHIPPED)
    run("decode", "x.scae", "out.npz", "--spec", SHIPPED, "--latents")
    with np.load(tmp_path / "out.npz") as out:
        assert np.array_equal(out["times"], times)


def test_blocks_of_another_kind_of_times_are_told(run: Run, shipped: EncoderSpec, tiny: Design, tmp_path: Path) -> None:
    """One array holds a time a block or a time a spike; what does not fit is counted, never dropped in silence."""
    encoder, codes = Encoder(shipped, 4), random_adc(tiny, 4, seed=8)
    with open(tmp_path / "x.scae", "wb") as file:
        container = ContainerWriter(file, file_header(shipped, tiny.adc, "uV"))
        for times in (np.arange(8), np.arange(4) + 9):
            container.write(encoder.encode(codes, Events(np.arange(4), times)) + encoder.flush())
        container.write(encoder.encode(codes) + encoder.flush())
        container.write(b"".join(write_snippets(shipped.tag, codes[0], snippets_per_packet=2, sequence=3)))
        container.close()
    said = run("decode", "x.scae", "out.npz", "--spec", SHIPPED, "--latents")
    assert "the times of 4 blocks are of another kind than the first's, and left out" in said
    with np.load(tmp_path / "out.npz") as out:
        assert out["channels"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, -1, -1, -1, -1]
        assert out["times"].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]] + 8 * [[-1, -1]]
        assert np.array_equal(out["raw_snippets"], codes[0])
        assert out["raw_times"].tolist() == out["raw_channels"].tolist() == [-1, -1]
