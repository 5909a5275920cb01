"""Parameter bits that flip while the chip runs: it notices, halts, and runs on after a reload."""

from rtl.planning import make_plan
from sim.batch import BatchSimulator
from sim.verilate import build_library
from tests.sim.flips import choose_places, flip_and_recover, notice_cycles


def run_flips(loadable, models, tiny, count: int, seed: int):
    """Flips of the small encoder; what became of its packets."""
    plan = make_plan(loadable.spec, tiny.hardware)
    library = build_library(loadable.rtl_dir / loadable.manifest.verilog, loadable.manifest, models)
    with BatchSimulator(library, loadable.manifest, load=loadable.load) as simulator:
        return flip_and_recover(
            simulator,
            loadable.load,
            loadable.adc,
            loadable.golden,
            choose_places(plan, count, seed),
            notice_cycles(plan),
            seed,
        )


def test_flips_are_noticed_in_time(loadable, models, tiny):
    account = run_flips(loadable, models, tiny, 12, seed=3)
    assert account.faults == []
    assert account.flips == 12
    assert account.harmful > 0, "no flip reached the output: the test would not see one"
