"""The analytic estimate against sums written out by hand."""

from pathlib import Path

import pytest

from rtl.describe import make_manifest
from rtl.planning import make_plan
from rtl.spike_encoder import SpikeEncoder
from spikecae.design import Design, Hardware, Quantization, load_design
from spikecae.spec import load_spec
from synth.estimate.analytic import estimate, work_of
from synth.estimate.estimate_report import Estimate
from synth.mapping.mapping_report import ModuleStatistics
from synth.targets.find import with_costs
from synth.targets.registry import PROCESSES
from tests.random_spec import random_spec

ROOT = Path(__file__).parents[2]


def _estimate(design: Design, node: str, flip_flops: int = 1000, multiplexers: int = 3000) -> Estimate:
    plan = make_plan(load_spec(ROOT / "designs" / design.name), design.hardware)
    counted = ModuleStatistics(
        module="spike_encoder",
        cells=0,
        cells_by_type={},
        multipliers=[],
        flip_flop_bits=flip_flops,
        latch_bits=0,
        multiplexer_bits=multiplexers,
        adder_bits=0,
        memories=[],
        memory_bits=0,
    )
    return estimate(plan, make_manifest(plan, SpikeEncoder(plan), "spike_encoder.v", [], {}), PROCESSES[node], counted)


def test_layers_are_those_of_the_paper() -> None:
    """MACs of the layer list: 49,152, 172,032, 86,016, 49,152, and 49,152 in the search."""
    found = _estimate(load_design(ROOT / "designs" / "neuropixels_small.toml"), "ihp-sg13g2")
    macs = {layer.name: layer.macs for layer in found.layers}
    assert macs["conv"] == macs["project"] == macs["vq"] == 49152
    assert sum(n for name, n in macs.items() if name.startswith("block0")) == 172032
    assert sum(n for name, n in macs.items() if name.startswith("block1")) == 86016
    assert found.macs_per_spike == 101376
    pj = {work: cost.value for work, cost in with_costs()["ihp-sg13g2"].costs.work_pj.items()}
    # All multipliers are shared at fold 4. Sums, of 25 bits, come and go 16 · 12 times for each of 32 groups.
    expected = {
        "convolutions": 307200 * pj["moving"],
        "last convolution": 49152 * pj["moving"] + 2 * 6144 * 25 * pj["memory bit"],
        "codeword search": 49152 * pj["search"],
    }
    for part, energy in expected.items():
        assert found.energy_nj_per_spike_by_kind[part] == pytest.approx(energy / 4000)


def test_fewer_bits_cost_in_proportion(tiny: Design) -> None:
    """Operands of 4 and 6 bits, of 5 and 5, against 8 and 8; sums are few, and in flip-flops."""
    narrow = Quantization(weight_bits=4, activation_bits=6, latent_bits=5)
    parts = []
    for widths, bits in ((Quantization(), 8), (narrow, 4)):
        plan = make_plan(
            random_spec(tiny.model_copy(update={"quantization": widths}), 1),
            Hardware(fold=1, stationary="blocks", weight_bits=bits),
        )
        parts.append(work_of(plan, make_manifest(plan, SpikeEncoder(plan), "spike_encoder.v", [], {})))
    wide, small = parts
    first = 2 * 16 * 16  # the first convolution's inputs keep 8 bits
    others = wide["convolutions"]["stationary"] - first
    assert small["convolutions"]["stationary"] == first / 2 + others * 24 / 64
    assert small["codeword search"]["search"] == wide["codeword search"]["search"] * 25 / 64
    assert wide["last convolution"]["sum bit"] == 4 * 4 * 4 * 21


def test_figures_agree_with_each_other(tiny: Design) -> None:
    found = _estimate(tiny, "45nm")
    assert sum(found.energy_nj_per_spike_by_kind.values()) == pytest.approx(found.energy_nj_per_spike)
    assert sum(found.area_mm2_by_kind.values()) == pytest.approx(found.area_mm2)
    assert found.spikes_per_s_at_full_rate == pytest.approx(20e6 / 128 * 2)
    power = found.energy_nj_per_spike * found.spikes_per_s_at_full_rate / 1000
    assert found.power_uw_at_full_rate == pytest.approx(power)
    density = found.channels_within_limit * 20 * found.energy_nj_per_spike / 1000 / found.area_mm2
    assert 0.99 * 400 <= density <= 400
    assert found.power_uw_per_channel == pytest.approx(20 * found.energy_nj_per_spike / 1000)


def test_registers_and_multiplexers_cost_area(tiny: Design) -> None:
    more, fewer = _estimate(tiny, "45nm", flip_flops=2000), _estimate(tiny, "45nm", flip_flops=1000)
    assert more.area_mm2 - fewer.area_mm2 == pytest.approx(1000 * 5.0 / 0.7 / 1e6)
    more, fewer = _estimate(tiny, "45nm", multiplexers=2000), _estimate(tiny, "45nm", multiplexers=1000)
    assert more.area_mm2 - fewer.area_mm2 == pytest.approx(1000 * 1.9 / 0.7 / 1e6)


def test_what_no_one_published_is_in_proportion_to_what_was_fitted() -> None:
    """Of the 45 nm process only products and memories are known."""
    costs, fitted = with_costs()["45nm"].costs, with_costs()["ihp-sg13g2"].costs
    for work, cost in costs.work_pj.items():
        worth = fitted.work_pj[work].value / fitted.work_pj["stationary"].value
        in_proportion = cost.value == round(worth * costs.work_pj["stationary"].value, 3)
        assert in_proportion == ("130 nm" in cost.source or work == "stationary"), work


def test_a_process_without_costs_is_told(tiny: Design) -> None:
    with pytest.raises(ValueError, match="process sky130 has no table of costs"):
        _estimate(tiny, "sky130")


def test_every_assumption_is_named(tiny: Design) -> None:
    text = " ".join(_estimate(tiny, "ihp-sg13g2").assumptions)
    for word in ("multiply-accumulate", "memory", "search", "density", "left out", "leakage", "wires"):
        assert word in text
