from pathlib import Path

import pytest

from experiments import code_tables, eight_bits
from model.checkpoint import load_checkpoint
from model.datasets import load_dataset
from spikecae import golden
from spikecae.design import Design
from spikecae.spec import load_spec

TINY = Path(__file__).parents[2] / "designs/tiny"


@pytest.fixture
def _tiny_for_all(tiny: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_checkpoint(TINY / "model.safetensors", tiny), load_dataset(tiny)
    for module in (eight_bits, code_tables):
        monkeypatch.setattr(module, "start", lambda data: (tiny, *model))
    eight_bits.float_quality.cache_clear()


@pytest.mark.usefixtures("_tiny_for_all")
def test_float_stands_against_itself_and_integers_against_float_of_the_same_epochs(tiny: Design) -> None:
    exact = eight_bits.run({"data": "tiny", "weight_bits": eight_bits.FLOAT, "epochs": 2}, seed=1)
    coarse, fine = (
        eight_bits.run({"data": "tiny", "weight_bits": bits, "epochs": 2}, seed=1).metrics for bits in (4, 8)
    )
    assert (exact.metrics["sndr_less_float_db"], exact.metrics["huffman_over_float_percent"]) == (0.0, 0.0)
    assert (exact.epochs, exact.seeded) == (2, True)
    for metrics in (coarse, fine):
        expected = metrics["sndr_mean_db"] - exact.metrics["sndr_mean_db"]
        assert metrics["sndr_less_float_db"] == pytest.approx(expected)
    assert abs(fine["sndr_less_float_db"]) < 0.2
    test = load_dataset(tiny).test.adc
    taps = golden.encode(load_spec(TINY), test).taps
    assert fine["values_compared"] == sum(tap.size for tap in taps.values())
    assert fine["test_blocks_compared_percent"] == 100
    calibrated = [eight_bits.run({"data": "tiny", "weight_bits": bits, "epochs": 0}, seed=1).metrics for bits in (4, 8)]
    assert calibrated[0]["sndr_less_float_db"] < calibrated[1]["sndr_less_float_db"] < 0.05


@pytest.mark.usefixtures("_tiny_for_all")
def test_tables_by_position_are_counted_against_one_table() -> None:
    one, many = (
        code_tables.run({"data": "tiny", "code_tables": setting}, seed=0).metrics for setting in ("one", "by_position")
    )
    assert one["saved_percent"] == 0
    assert many["code_tables"] > 1
    assert many["saved_percent"] == pytest.approx(100 * (1 - many["huffman_bits"] / one["huffman_bits"]))
    assert many["saved_percent"] > 0
    assert many["memory_bits"] == many["code_tables"] * one["memory_bits"]
