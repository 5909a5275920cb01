"""Chips in the hands of random hosts: 100,000 actions and more, judged by a model of the control plane that was written
from the documents. Run by ``make regress``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.regress.control import ControlResults
from spikecae.design import Design
from spikecae.files import write_text
from tests.sim.control.actions import Player
from tests.sim.control.chips import CHIPS, Subject, subject
from tests.sim.control.golden_chip import Verdict
from tests.sim.control.mutants import MUTANTS, Mutant
from tests.sim.control.registers import DOCUMENTED, OFFSETS
from tests.sim.control.script import Script

pytestmark = [pytest.mark.regress, pytest.mark.timeout(3600)]

BUILD = Path(__file__).parents[2] / "build" / "regress" / "control"
"""Where the table of ``make regress`` finds what came of it."""
SCRIPTS = {"calm": 12, "faults": 12, "limits": 6}
ACTIONS = 1000
"""Of a script, at least."""
MUTANT_SCRIPTS = 30
KINDS = {
    row.name: row.access if row.access != "rw" else "live" if "live" in row.taken else "packet"
    for row in DOCUMENTED.values()
}
"""Of each register: read-only, a count, taken at once, or once the open packet has been sent."""
STATES = {"idle", "halted", "mid-spike", "packet open", "raw"}
LOADABLE = {"failing"}
QUEUES = {"mid-block"}


@pytest.fixture(scope="module")
def made(tiny: Design, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Subject]:
    return lambda kind: subject(kind, tiny, tmp_path_factory.mktemp("chip"), models)


@pytest.mark.parametrize("kind", CHIPS)
def test_random_hosts_meet_what_is_documented(made: Callable[[str], Subject], kind: str) -> None:
    """No spike is lost, every packet decodes, nothing hangs, every counter counts; each register is written in each
    state, and what must be refused is."""
    chip, found = made(kind), Verdict()
    for host, scripts in SCRIPTS.items():
        for seed in range(1, scripts + 1):
            found.add(chip.judge(Player(chip, seed, host).play(ACTIONS), seed))
    states = STATES | (LOADABLE if chip.shape.window else set()) | (QUEUES if chip.manifest.spikes > 1 else set())
    asked = {(kind, state) for kind in set(KINDS.values()) for state in states}
    met = asked & {(KINDS[register], state) for register, state, _ in found.writes if register in KINDS}
    results = ControlResults(
        chip=kind,
        actions=found.actions,
        packets=found.packets,
        spikes=found.spikes,
        lost=found.lost,
        faults=len(found.faults),
        met=len(met),
        all=len(asked),
    )
    write_text(BUILD / f"{kind}.json", results.model_dump_json(indent=1) + "\n")
    assert found.faults == []
    assert found.lost == 0
    assert found.actions >= ACTIONS * sum(SCRIPTS.values())
    assert met == asked
    if chip.shape.window:
        assert found.vouched > 100
        assert (found.partial > 0) == (chip.manifest.spikes > 1 and not chip.shape.whole)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_fault_of_the_control_is_seen(
    made: Callable[[str], Subject], mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.apply(monkeypatch)
    chip = made(mutant.chip)
    scripts = (Player(chip, seed, mutant.kind).play(ACTIONS) for seed in range(1, MUTANT_SCRIPTS + 1))
    assert any(chip.judge(script).faults for script in scripts)


def test_numbers_begin_anew_where_they_end(made: Callable[[str], Subject]) -> None:
    """Counters at 2**32, and the sequence number at 65,536: set near their ends through the simulator's back door."""
    chip = made("spikes built in")
    script = Script(chip.blocks.pool)
    counters = [row.name for row in DOCUMENTED.values() if row.access == "count" and "built in never" not in row.taken]
    top = "spike_encoder_wrapper.dut.chip"
    script.poke(f"{top}.packetizer", "sequence", (1 << 16) - 5, "sequence")
    for name in counters:
        script.poke(f"{top}.registers", f"count_{name}", (1 << 32) - 5, name)
    script.write(OFFSETS["packet_blocks"], 1)
    for number in range(20):
        script.spike(number % len(script.pool), 0, number, count=3 if number % 2 else None)
        script.write(OFFSETS["identity"], number)
    script.drain("all spikes taken", 10_000)
    script.step(500)
    for name in counters:
        script.read(OFFSETS[name])
    (epoch,) = chip.play(script)
    found = chip.judge(script)
    assert found.faults == []
    assert [sent.data[3:5].hex() for sent in epoch.sent][3:7] == ["fffe", "ffff", "0000", "0001"]
    values = dict(zip(counters, (access.value for access in epoch.accesses if not access.write), strict=True))
    assert [values[name] for name in ("spikes", "blocks", "packets", "wrong_spikes")] == [5] * 4
    assert values["refused_writes"] == 15
