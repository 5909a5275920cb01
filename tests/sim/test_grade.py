"""The grade of the benches: how mutants are named and counted, and that every mistake can be made. Mutants themselves
are run by ``python -m sim.grade``, mistakes by ``tests/regress/test_mistakes.py``."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtl.units.max_pool import MaxPool
from sim.grade import verdicts
from sim.grade.blocks import codes_of, with_all_lengths
from sim.grade.chip import FaultFound, expect
from sim.grade.equivalent import proved_equivalent
from sim.grade.mistakes import MISTAKES, made
from sim.grade.mutants import NETLIST, SELECTOR, Mutant
from sim.grade.random_parameters import with_random_parameters
from sim.grade.results import Reason, collect, load_reasons
from sim.grade.verdicts import Verdict
from spikecae.canonical_code import canonical_codes
from spikecae.golden import encode

CHIP = """
module \\unit
  wire width 4 input 1 \\d
  wire width 4 output 2 \\q
  cell $not \\invert
    parameter \\A_SIGNED 0
    parameter \\A_WIDTH 4
    parameter \\Y_WIDTH 4
    connect \\A \\d
    connect \\Y \\q
  end
end
module \\spike_encoder
  wire width 4 input 1 \\d
  wire width 3 output 2 \\y
  wire width 4 \\q
  cell \\unit \\part
    connect \\d \\d
    connect \\q \\q
  end
  connect \\y \\q [2:0]
end
"""
MUTANT = Mutant(1, "dot", "chip.conv.dot $add Y[3]", "inv", "mutate -mode inv")


def test_mutants_are_counted_by_unit_and_what_became_of_them() -> None:
    verdicts = [Verdict(1, "raw", "x"), Verdict(2, None, ""), Verdict(3, None, ""), Verdict(4, None, "")]
    judged = [("a", replace(MUTANT, number=verdict.number), verdict) for verdict in verdicts]
    judged += [("a", replace(MUTANT, number=5, unit="pool"), Verdict(5, "raw", "y"))]
    judged += [("a", replace(MUTANT, number=6, mode="cnot1 2"), Verdict(6, None, ""))]
    grade = collect(
        1,
        judged,
        {("a", 2)},
        [
            Reason(re.compile("dot"), re.compile("^cnot"), "why", harmless=True),
            Reason(re.compile("dot"), re.compile("add"), "why"),
            Reason(re.compile("pool"), re.compile(""), "no"),
        ],
    )
    counts = grade.mutants, grade.killed, grade.equivalent, grade.harmless, grade.explained
    assert counts == (6, 2, 1, 1, 2)
    assert (grade.unproved_percent, grade.killed_percent) == (40, 50)
    assert grade.by_bench == {"raw": 2}
    assert [(unit.unit, unit.mutants, unit.killed, unit.equivalent) for unit in grade.units] == [
        ("dot", 5, 1, 1),
        ("pool", 1, 1, 0),
    ]
    assert collect(1, judged, set(), []).explained == 0


def test_every_reason_of_the_list_can_be_read() -> None:
    assert all(entry.reason for entry in load_reasons())


@pytest.mark.parametrize(("bit", "same"), [(2, False), (3, True)])
def test_a_mutant_is_equivalent_if_no_pin_of_the_chip_hangs_on_it(tmp_path, bit, same) -> None:
    (tmp_path / NETLIST).write_text(CHIP)
    command = rf"mutate -mode inv -module \unit -cell \invert -port \Y -portbit {bit}"
    assert proved_equivalent(tmp_path / NETLIST, replace(MUTANT, command=command)) == same


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistakes_are_made_once_and_only_while_they_last(mistake) -> None:
    before = MaxPool.elaborate
    with made(mistake):
        assert (MaxPool.elaborate is before) == (mistake.module != MaxPool.__module__)
    assert MaxPool.elaborate is before


def test_a_mistake_whose_text_is_gone_is_refused() -> None:
    with (
        pytest.raises(ValueError, match="stands 0 times in"),
        made(replace(MISTAKES[3], right="no such text")),
    ):
        pass


def test_blocks_are_added_for_every_length_and_end_of_a_code(tiny, encoder) -> None:
    spec, few = encoder.spec, encoder.adc[:2]
    own = ((table, own, canonical_codes(own)) for table, own in enumerate(spec.coder.tables))
    codes = {(table, bits, code & 3) for table, its, all_ in own for bits, code in zip(its, all_, strict=True)}
    before, after = (
        set().union(*codes_of(spec, encode(spec, adc).indices)) for adc in (few, with_all_lengths(spec, few, 1))
    )
    assert before < after
    assert {met for met in after if len(met) == 3} <= codes
    assert {(bits, there) for bits in {bits for _, bits, _ in codes} for there in range(16)} >= after - codes


def test_random_parameters_fit_the_chip_and_use_all_of_it(tiny, encoder) -> None:
    one, other = (with_random_parameters(encoder.spec, tiny.hardware, seed) for seed in (1, 2))
    assert one.hash != other.hash
    taps = encode(one, encoder.adc).taps
    assert all(len(np.unique(tap)) > 4 for name, tap in taps.items() if name != "vq")
    assert taps["conv"].max() == 255


def test_what_differs_is_said() -> None:
    with pytest.raises(FaultFound, match="blocks: expected 3, got 2"):
        expect("blocks", 2, 3)


def test_a_mutant_that_is_not_woken_is_not_called_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bench makes of a faulty chip counts, whatever it raises; a chip that was never made faulty does not."""

    class Asleep:
        def __init__(self, *_: object) -> None:
            raise ValueError("no such memory")

    monkeypatch.setattr(verdicts, "Chip", Asleep)
    with pytest.raises(RuntimeError, match="mutant 3 could not be woken: ValueError: no such memory"):
        verdicts.examine(Path("none"), [None], 3, {})
    assert SELECTOR.role == "parameters", "simulators reach it"
