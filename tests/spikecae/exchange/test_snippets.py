"""Snippets in Zarr, through the codec that numcodecs finds."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import spikecae
from spikecae.codec import Decoder, Encoder
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.files import OutputError
from spikecae.front_end.adc import units_to_codes
from tests.random_spec import random_adc
from tests.spikecae.command import SHIPPED

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
zarr = pytest.importorskip("zarr", reason="the extra 'zarr' is not installed")


@pytest.fixture(scope="module")
def snippets(tiny):
    return (random_adc(tiny, 1500, seed=1) * tiny.adc.lsb).astype(np.float32)


def test_what_comes_back_is_what_the_chip_would_send(snippets, tiny, tmp_path: Path) -> None:
    array = spikecae.save_snippets(tmp_path / "x", snippets, "tiny")
    assert array.shape == snippets.shape
    adc = Adc(bits=tiny.adc.bits, lsb=tiny.adc.lsb)
    encoder, decoder = Encoder.from_spec(SHIPPED), Decoder.from_spec(SHIPPED)
    sent = encoder.encode(units_to_codes(snippets, adc)[0]) + encoder.flush()
    expected = np.concatenate([decoder.waveforms(item.blocks.indices, adc) for item in decoder.feed(sent)])
    np.testing.assert_array_equal(array[:], expected)
    np.testing.assert_array_equal(spikecae.open_snippets(tmp_path / "x")[1020:1030], expected[1020:1030])
    told = json.loads((tmp_path / "x" / "snippets" / ".zarray").read_text())["compressor"]
    assert told == {"id": "spikecae", "spec_hash": encoder.spec.hash, "lsb": tiny.adc.lsb, "signed": True}
    assert sorted(path.name for path in (tmp_path / "x" / "codec").iterdir()) == [
        *("decoder.onnx", "spec.json", "spec.npz", "tiny.toml"),
    ]
    again = pickle.loads(pickle.dumps(array.compressor))
    assert again == array.compressor


def test_what_does_not_go_says_why(snippets, tiny, tmp_path: Path) -> None:
    array = spikecae.save_snippets(tmp_path / "x", snippets[:40], "tiny")
    with pytest.raises(OutputError, match="x exists; name a new folder"):
        spikecae.save_snippets(tmp_path / "x", snippets, "tiny")
    with pytest.raises(InputError, match=r"snippets \(40, 32\); codec 'tiny' takes \(n, 2, 16\)"):
        spikecae.save_snippets(tmp_path / "y", snippets[:40].reshape(40, 32), "tiny")
    with pytest.raises(InputError, match=r"% of the samples lie beyond .*larger lsb"):
        spikecae.save_snippets(tmp_path / "z", 100 * snippets[:40], "tiny")
    with pytest.raises(InputError, match=r"a chunk \(32,\) of float64; .*takes float32 \(n, 2, 16\)"):
        array.compressor.encode(np.zeros(32))
    (chunk,) = (path for path in (tmp_path / "x" / "snippets").iterdir() if not path.name.startswith("."))
    data = bytearray(chunk.read_bytes())
    data[-20] ^= 1
    chunk.write_bytes(data)
    with pytest.raises(InputError, match=r"a chunk of 40 blocks has \d+ that are whole; get the array anew"):
        spikecae.open_snippets(tmp_path / "x")[:]
    with pytest.raises(FileNotFoundError, match="no snippets in"):
        spikecae.open_snippets(tmp_path / "codec")
    unknown = type(array.compressor)("0" * 64, 1.0)
    with pytest.raises(InputError, match=r"spec 00000000, which is not at hand; .*open_snippets, .*SPIKECAE_CODECS"):
        unknown.decode(b"")
