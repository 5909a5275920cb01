"""A small chip in the hands of a random host: a few hundred of the actions of ``tests/regress/test_control.py``."""

from pathlib import Path

import pytest

from spikecae.design import Design
from tests.sim.control.actions import Player
from tests.sim.control.chips import subject
from tests.sim.control.mutants import MUTANTS, Mutant


@pytest.mark.slow
def test_a_random_host_meets_what_is_documented(tiny: Design, models: Path, tmp_path: Path) -> None:
    chip = subject("spikes built in", tiny, tmp_path, models)
    found = chip.judge(Player(chip, 7, "calm").play(400))
    assert found.faults == []
    assert (found.lost, found.actions >= 400) == (0, True)
    assert found.packets > 20


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_fault_of_the_control_can_be_made(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text stands once in the module it is made in."""
    mutant.apply(monkeypatch)
