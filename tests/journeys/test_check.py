"""What a design is said to take before it is trained, against what its trained encoder is. Run by ``make journeys``."""

import pytest

from flow.price.price import price
from flow.price.untrained import untrained_specs
from spikecae.design import load_design
from spikecae.spec import load_spec
from tests.flow.conftest import ROOT

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", ["tiny", "lite", "lite_tetrode", "lite_probe", "wave_clus"])
def test_the_price_before_training_is_that_after_it(name: str) -> None:
    design = load_design(ROOT / "designs" / f"{name}.toml")
    before = price(design, untrained_specs(design), "none")
    after = price(design, [load_spec(ROOT / "designs" / name)], "shipped")
    print(f"{name}: {before.estimate.area_mm2:.3f} and {after.estimate.area_mm2:.3f} mm², ", end="")
    print(f"{before.estimate.energy_nj_per_spike:.2f} and {after.estimate.energy_nj_per_spike:.2f} nJ")
    assert before.estimate.area_mm2 == pytest.approx(after.estimate.area_mm2, rel=0.1)
    assert before.estimate.energy_nj_per_spike == pytest.approx(after.estimate.energy_nj_per_spike, rel=0.15)
    assert before.cycles_per_block == pytest.approx(after.cycles_per_block, rel=0.05)
