import numpy as np

from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from quantize.build import build_spec
from quantize.code import encode_latents, fit_code
from quantize.stage import calibrated_encoder
from spikecae import golden
from spikecae.design import Design


def test_lengths_are_those_of_the_training_counts(tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    adc = tiny_spikes.train.adc
    encoder = calibrated_encoder(tiny, loaded, adc)
    code = fit_code(encoder, adc, 0.0)
    (lengths,) = code.lengths
    spec = build_spec(tiny, encoder, code)
    counts = np.bincount(golden.encode(spec, adc).indices.ravel(), minlength=16)
    p = counts / counts.sum()
    mean = (p * lengths).sum()
    entropy = -(p[p > 0] * np.log2(p[p > 0])).sum()
    assert entropy <= mean < entropy + 1  # a Huffman code
    assert all(lengths[a] <= lengths[b] for a in range(16) for b in range(16) if counts[a] > counts[b])
    assert np.array_equal(spec.vq.codebooks[0].bias, (spec.vq.codebooks[0].words.astype(int) ** 2).sum(1))


def test_rate_weight_saves_bits_and_its_bias_is_that_of_the_final_lengths(
    tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset
) -> None:
    adc = tiny_spikes.train.adc
    bits = []
    for rate_weight in (0.0, 20.0, 200.0):
        encoder = calibrated_encoder(tiny, loaded, adc)
        code = fit_code(encoder, adc, rate_weight)
        (lengths,) = code.lengths
        codebook = build_spec(tiny, encoder, code).vq.codebooks[0]
        extra = codebook.bias - (codebook.words.astype(np.int64) ** 2).sum(axis=1)
        assert np.array_equal(extra, np.floor(rate_weight * lengths + 0.5))
        indices = encoder.search(encode_latents(encoder, adc)).numpy()
        assert np.array_equal(code.indices, indices)
        bits.append(lengths[indices].mean())
    assert bits[0] > bits[1] > bits[2]


def test_search_finds_the_nearest_of_all_codewords(tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    encoder = calibrated_encoder(tiny, loaded, tiny_spikes.train.adc)
    latents = encode_latents(encoder, tiny_spikes.test.adc[:50]).numpy().astype(np.float64)
    words = encoder.codewords().detach().numpy().astype(np.float64)
    distance = ((latents[:, :, None] - words) ** 2).sum(-1)
    assert np.array_equal(encoder.search(encode_latents(encoder, tiny_spikes.test.adc[:50])), distance.argmin(-1))
