"""What a decoder refuses of its caller; of a link it refuses nothing."""

import numpy as np
import pytest

from spikecae.codec import Decoder, Encoder
from spikecae.design import Adc, Design
from spikecae.errors import InputError
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc

ADC = Adc(bits=10, lsb=1.0)


@pytest.mark.parametrize(
    ("indices", "reason"),
    [
        ([[0, 0, 0, 0], [0, -1, 0, 0]], r"block 1, index 1 is -1, and must lie in 0\.\.15 for 'tiny'"),
        ([[0, 0, 99, 0]], r"block 0, index 2 is 99, and must lie in 0\.\.15"),
        ([[0, 0, 16, 0]], "block 0, index 2 is 16"),
        ([[0, 0, 0, 0, 0]], r"indices have the shape \(1, 5\); 'tiny' takes \(n, 4\): n blocks of 4 indices"),
        ([[0, 0, 0]], r"indices have the shape \(1, 3\)"),
        ([0, 0, 0, 0], r"indices have the shape \(4,\)"),
        ([[0], [0, 0]], "indices are no array"),
        ([[0.0] * 4], "indices are float64, and must be integers"),
        ([[True] * 4], "indices are bool"),
        (None, r"indices have the shape \(\)"),
        (np.ma.array([[1, 2, 3, 4]], mask=[[0, 0, 0, 1]]), "indices: 1 of 4 values are masked"),
    ],
)
def test_indices(spec: EncoderSpec, indices: object, reason: str) -> None:
    decoder = Decoder(spec, "none.onnx")
    for decode in (decoder.latents, lambda those: decoder.waveforms(those, ADC)):
        with pytest.raises(InputError, match=reason):
            decode(indices)


def test_the_first_and_last_codeword_are_decoded(spec: EncoderSpec) -> None:
    words = spec.quantizer.codebooks[0].words
    latents = Decoder(spec, "none.onnx").latents(np.array([[0, 15, 0, 15]], np.uint8))
    assert (latents[0] * 2**spec.quantizer.exponent).tolist() == words[[0, 15, 0, 15]].tolist()


@pytest.mark.parametrize(
    ("adc", "reason"),
    [
        (None, "adc = None is no converter; give a spikecae.design.Adc"),
        (2.34375, r"adc = 2\.34375 is no converter"),
        (Adc(bits=12, lsb=1.0), "adc has 12 bits, and the spec of 'tiny' takes 10; give the converter"),
        (Adc(bits=10, lsb=1e308), r"adc\.lsb: 1e\+308 units per ADC step must lie in 1e-12\.\.1e\+12; give"),
    ],
)
def test_the_converter(spec: EncoderSpec, adc: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Decoder(spec, "none.onnx").waveforms(np.zeros((1, 4), int), adc)


@pytest.mark.parametrize("epoch", [1.5, "8", True])
def test_the_epoch(spec: EncoderSpec, epoch: object) -> None:
    with pytest.raises(InputError, match=r"epoch = .* must be an integer"):
        Decoder(spec, "none.onnx", epoch)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (np.zeros(4, np.uint16), "of the type ndarray"),
        (np.zeros(4, np.uint8), "of the type ndarray"),
        (memoryview(np.zeros(4, np.uint16)), "of the type memoryview"),
        ("text", "of the type str"),
        ([92, 174], "of the type list"),
        (None, "None"),
    ],
)
def test_only_bytes_are_fed_and_nothing_else_is_taken(spec: EncoderSpec, tiny: Design, data: object, kind: str) -> None:
    decoder, sent = Decoder(spec, "none.onnx"), Encoder(spec, 3).encode(random_adc(tiny, 3, seed=1))
    found = decoder.feed(sent[:10])
    with pytest.raises(InputError, match=f"data are {kind}, and must be bytes"):
        decoder.feed(data)
    found += decoder.feed(bytearray(sent[10:20])) + decoder.feed(memoryview(sent[20:]))
    assert [item.header.count for item in found] == [3]
    assert (decoder.report.bytes_read, decoder.report.bytes_skipped) == (len(sent), 0)
