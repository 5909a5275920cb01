import numpy as np
import pytest

from experiments import lite, lite_coders, lite_sorting
from experiments.lite_coders import POINTS, cae_coder, lite_coder, pca_coder
from experiments.training import shipped
from model.datasets import SpikeDataset, load_dataset
from model.linear import coder
from spikecae import golden
from spikecae.design import Design
from tests.linear_designs import linear_design


@pytest.fixture(scope="module", autouse=True)
def _short_training() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coder, "STEPS", 50)
        yield


@pytest.fixture(scope="module")
def spikes(tiny: Design) -> SpikeDataset:
    return load_dataset(tiny)


def test_coders_give_what_comes_back_and_its_bits(tiny: Design, spikes: SpikeDataset) -> None:
    adc = spikes.test.adc
    coders = {
        "linear": lite_coder(linear_design(tiny, codewords=4), spikes, 0),
        "cae": cae_coder(tiny, shipped(tiny).checkpoint, spikes),
        "pca": pca_coder(tiny, spikes, 9.0),
    }
    errors = {}
    for name, code in coders.items():
        coded = code(adc)
        errors[name] = float(np.square(coded.decoded - spikes.test.spikes).mean())
        assert coded.decoded.shape == adc.shape
        assert coded.bits.shape == (len(adc),)
        if code.spec is not None:
            np.testing.assert_array_equal(coded.bits, golden.encode(code.spec, adc).payload_bits)
        assert (coded.escaped > 0) == (name == "linear")
    assert coders["pca"](adc).bits.mean() / 2 == pytest.approx(9, rel=0.01)
    assert errors["linear"] < errors["pca"] < errors["cae"]


def test_work_is_that_of_map_and_classes(tiny: Design, spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = lite_coder(linear_design(tiny, joint=False, codewords=4), spikes, 0).spec
    assert spec is not None
    point = next(iter(POINTS.values()))
    assert lite._macs(point, spec) == 2 * (6 * 16 + 4 * 6)
    network = cae_coder(tiny, shipped(tiny).checkpoint, spikes).spec
    assert network is not None
    with monkeypatch.context() as patch:
        patch.setattr(lite_coders.Point, "base", tiny)
        # conv, two blocks of reduce, convolution and expansion in 4 groups, projection, search
        blocks = [(16 * 8 // 4 + 8 * 8 // 4 * 3 + 8 * 16 // 4) * samples for samples in (16, 8)]
        assert lite._macs(point, network) == 2 * 16 * 16 + sum(blocks) + 16 * 4 * 4 + 16 * 4 * 4


def test_every_point_has_a_valid_design() -> None:
    for point in (*POINTS.values(), *lite_sorting.POINTS_SORTED.values()):
        assert point.design.encoder.kind == "linear"
        assert point.design.block == point.base.block
        assert point.features * point.base.block.samples < 4000
