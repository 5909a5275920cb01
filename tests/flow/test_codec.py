"""The codec stage: one folder with which the host encodes and decodes."""

from pathlib import Path

import numpy as np
import pytest

from spikecae.codec import Decoder, Encoder
from spikecae.design import Design
from spikecae.spec import load_spec
from tests.flow.conftest import Flow
from tests.random_spec import random_adc


@pytest.mark.slow
def test_its_folder_is_all_that_the_host_needs(flow: Flow, workspace: Path, tiny: Design) -> None:
    done = flow("codec")
    assert done.returncode == 0, done.stderr
    folder = workspace / "build" / "tiny" / "codec"
    assert sorted(path.name for path in folder.iterdir()) == ["decoder.onnx", "spec.json", "spec.npz", "tiny.toml"]
    assert load_spec(folder).hash == load_spec(workspace / "build" / "tiny" / "quantize").hash
    encoder, decoder = Encoder.from_spec(folder), Decoder.from_spec(folder)
    (packet,) = decoder.feed(encoder.encode(random_adc(tiny, 16, seed=1)))
    waveforms = decoder.waveforms(packet.blocks.indices, tiny.adc)
    assert waveforms.shape == (16, 2, 16)
    assert np.isfinite(waveforms).all()
    assert "nothing to do" in flow("codec").stdout
