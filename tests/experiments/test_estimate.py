"""The fit of the analytic costs, against energies that were made up of known ones."""

import numpy as np
import pytest

from experiments.estimate import energy_by_part, fitted_costs
from experiments.gate_level import Measured
from rtl.describe import make_manifest
from rtl.planning import make_plan
from rtl.spike_encoder import SpikeEncoder
from spikecae.design import Design, Hardware, Quantization
from synth.estimate.analytic import work_of
from synth.power.power_report import PowerReport
from tests.random_spec import random_spec

COSTS = {
    "stationary": 1.5,
    "moving": 3.0,
    "search": 7.0,
    "sum bit": 0.75,
    "memory bit": 1.25,
    "cycle": 20.0,
}
UNITS = {
    "control and clock": "chip.registers",
    "last convolution": "chip.encoder.pipeline.project",
    "codeword search": "chip.encoder.pipeline.vq",
    "convolutions": "chip.encoder.pipeline.block0.reduce",
    "memories": "chip.encoder.store",
}


def variant(tiny: Design, fold: int, latent_bits: int, stationary: str, samples: int = 16) -> Measured:
    """A chip whose parts take what the costs say."""
    block = tiny.block.model_copy(update={"samples": samples})
    design = tiny.model_copy(update={"quantization": Quantization(latent_bits=latent_bits), "block": block})
    plan = make_plan(random_spec(design, 1), Hardware(fold=fold, stationary=stationary))
    manifest = make_manifest(plan, SpikeEncoder(plan), "spike_encoder.v", [], {})
    scale = 1000 * plan.spec.spikes
    energies = {
        UNITS[part]: sum(COSTS[work] * count for work, count in counts.items()) / scale
        for part, counts in work_of(plan, manifest).items()
    }
    power = PowerReport.model_construct(
        energy_nj_per_spike=sum(energies.values()), energy_nj_per_spike_by_unit=energies
    )
    return Measured(plan, manifest, None, power, 0.0, "synthetic", {})


def test_costs_are_found_again(tiny: Design) -> None:
    variants = [
        variant(tiny, 1, 8, "none"),
        variant(tiny, 1, 5, "blocks"),
        variant(tiny, 4, 8, "none"),
        variant(tiny, 16, 4, "none", samples=128),
    ]
    found = fitted_costs(variants)
    assert found == pytest.approx(COSTS, rel=1e-6)


def test_one_dear_part_is_not_charged_to_others(tiny: Design) -> None:
    """A search that takes twice as much changes the cost of searching, and of nothing else."""
    variants = [variant(tiny, 1, 8, "none"), variant(tiny, 4, 8, "none"), variant(tiny, 16, 8, "none", samples=128)]
    for found in variants:
        found.power.energy_nj_per_spike_by_unit[UNITS["codeword search"]] *= 2
    costs = fitted_costs(variants)
    assert costs["search"] == pytest.approx(2 * COSTS["search"])
    assert costs["moving"] == pytest.approx(COSTS["moving"], rel=1e-6)


def test_every_unit_belongs_to_one_part(tiny: Design) -> None:
    units = {
        "chip.encoder.pipeline.project": "last convolution",
        "chip.encoder.pipeline.vq": "codeword search",
        "chip.encoder.pipeline.conv": "convolutions",
        "chip.encoder.pipeline.block1.expand": "convolutions",
        "chip.encoder.pipeline.pool0": "convolutions",
        "chip.encoder.store": "memories",
        "chip.encoder.pipeline.deal_weights": "memories",
        "chip.axi_lite": "control and clock",
        "spike_encoder": "control and clock",
    }
    energies = dict(zip(units, np.arange(1.0, 10.0), strict=True))
    report = PowerReport.model_construct(energy_nj_per_spike=50.0, energy_nj_per_spike_by_unit=energies)
    found = energy_by_part(report, make_plan(random_spec(tiny, 1), Hardware()))
    for part in found:
        expected = sum(energy for unit, energy in energies.items() if units[unit] == part)
        assert found[part] == pytest.approx(expected + (5.0 if part == "control and clock" else 0.0)), (
            "the clock tree is of no unit"
        )
