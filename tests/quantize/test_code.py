import numpy as np

from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from quantize.build import build_spec
from quantize.code import code_by_position, encode_latents, fit_code, pooled_code, search_all
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
    assert np.array_equal(spec.quantizer.codebooks[0].bias, (spec.quantizer.codebooks[0].words.astype(int) ** 2).sum(1))


def test_rate_weight_saves_bits_and_its_bias_is_that_of_the_final_lengths(
    tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset
) -> None:
    adc = tiny_spikes.train.adc
    bits = []
    for rate_weight in (0.0, 20.0, 200.0):
        encoder = calibrated_encoder(tiny, loaded, adc)
        code = fit_code(encoder, adc, rate_weight)
        (lengths,) = code.lengths
        codebook = build_spec(tiny, encoder, code).quantizer.codebooks[0]
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


def skewed(rng: np.random.Generator, blocks: int, favourites: list[int]) -> np.ndarray:
    """Indices of 16 codewords: at each position, half of them are its favourite."""
    indices = rng.integers(0, 16, (blocks, len(favourites)))
    chosen = rng.random(indices.shape) < 0.5
    return np.where(chosen & (np.array(favourites) >= 0), favourites, indices)


def test_positions_that_differ_get_tables_of_their_own() -> None:
    rng = np.random.default_rng(0)
    code = pooled_code(skewed(rng, 400, [3, 3, 9, 9]), 16)
    assert code.lengths.shape == (1, 16)
    by_position = code_by_position(code, skewed(rng, 100, [3, 3, 9, 9]))
    assert by_position.table.tolist() == [0, 1, 2, 3]
    for position, favourite in enumerate([3, 3, 9, 9]):
        assert by_position.lengths[position].argmin() == favourite
        assert by_position.lengths[position].min() == 1
    test = skewed(rng, 1000, [3, 3, 9, 9])
    expected = sum(int(by_position.lengths[n, test[b, n]]) for b in range(1000) for n in range(4))
    assert by_position.bits(test).sum() == expected < 0.95 * code.bits(test).sum()
    shares = by_position.weights / by_position.weights.sum(1, keepdims=True)
    assert np.allclose(2.0 ** -by_position.ideal_bits(test)[:, 2], shares[2, test[:, 2]])


def test_a_position_keeps_the_common_table_where_its_own_saves_nothing_on_validation() -> None:
    rng = np.random.default_rng(1)
    train, validation = skewed(rng, 300, [5, -1, 5]), skewed(rng, 300, [5, -1, 2])
    code = pooled_code(train, 16)
    mixed = code_by_position(code, validation)
    assert mixed.table[1] > 0  # uniform, unlike the others
    assert mixed.table[2] == 0  # its favourite has changed since
    assert np.array_equal(mixed.weights[0], code.weights[0])
    assert mixed.bits(validation).sum() < code.bits(validation).sum()
    alike = pooled_code(np.repeat(train[:, :1], 3, axis=1), 16)
    assert code_by_position(alike, alike.indices).table.tolist() == [0, 0, 0]


def test_tables_by_position_are_the_specs(tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    adc = tiny_spikes.train.adc
    encoder = calibrated_encoder(tiny, loaded, adc)
    code = fit_code(encoder, adc, 20.0)
    by_position = code_by_position(code, search_all(encoder, encode_latents(encoder, tiny_spikes.validation.adc)))
    spec = build_spec(tiny, encoder, by_position)
    assert spec.table_of == by_position.table.tolist()
    assert len(spec.coder.tables) > 1
    coded = golden.encode(spec, tiny_spikes.test.adc)
    assert np.array_equal(coded.payload_bits, by_position.bits(coded.indices).sum(axis=1))
    words = spec.quantizer.codebooks[0].words.astype(np.int64)
    extra = spec.quantizer.codebooks[0].bias - (words**2).sum(axis=1)
    assert np.array_equal(extra, np.floor(20.0 * code.lengths[0] + 0.5))  # one bias a codeword: that of one table
