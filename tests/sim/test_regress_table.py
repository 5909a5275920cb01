"""The table of a regression, of files as its parts leave them."""

import re
import sys
from datetime import date

from sim.coverage.points import Counted, Coverage, Covered
from sim.grade.results import Grade
from sim.regress.buses import BusResults
from sim.regress.control import ControlResults
from sim.regress.gates import GateResults
from sim.regress.page import page
from sim.regress.part import Part, run_part, wall_of
from sim.regress.table import table
from sim.soak.run import Soaked
from spikecae.files import write_text


def test_what_was_not_run_is_said(tmp_path) -> None:
    assert [line.split() for line in table(tmp_path).splitlines()[2:]] == [
        [name, "not", "run"] for name in ("control", "buses", "gates", "mutants", "proofs", "coverage", "soak")
    ]


def test_what_was_run_is_shown(tmp_path) -> None:
    half = Counted(points=4, hit=2, excluded={"why": 3}, missing=["a", "b"])
    grade = Grade(
        seed=1, mutants=10, killed=6, equivalent=2, harmless=1, explained=1, by_bench={}, units=[], survivors=[]
    )
    soaked = Soaked(
        **{"design": "a", "channels": 1000, "spikes_per_s": 20, "hours": 0.5, "spikes": 8, "blocks": 4, "values": 9},
        **{
            "mismatches": 1,
            "first_mismatch": None,
            "processes": 2,
            "wall_s": 3,
            "blocks_per_s": 2,
            "hour_wall_s": 7200,
        },
    )
    buses = BusResults(chip="a", simulator="b", passed=3, failed=1, counts={"input_stalls": 2})
    covered = Covered(designs=[Coverage(design="a", line=half, toggle=half, functional=half, bins={"a": 0})])
    for name, record in (("mutants", grade), ("coverage", covered), ("soak", soaked)):
        write_text(tmp_path / "regress" / f"{name}.json", record.model_dump_json())
    proofs = '{"proofs": [{"verdict": "proved", "method": "bounded"}, {"verdict": "open", "method": "induction"}]}'
    write_text(tmp_path / "formal" / "results.json", proofs)
    hosts = ControlResults(chip="b", actions=1000, packets=20, spikes=90, lost=1, faults=2, met=6, all=8)
    write_text(tmp_path / "regress" / "control" / "b.json", hosts.model_dump_json())
    write_text(tmp_path / "regress" / "cocotb" / "a-b.json", buses.model_dump_json())
    gates = GateResults(
        **{"design": "b", "target": "c", "simulator": "d", "cells": 1000, "blocks": 2, "random_starts": 3},
        mismatches=4,
    )
    write_text(tmp_path / "regress" / "gates" / "b.json", gates.model_dump_json())
    for name, code in (("a", 0), ("b", 3)):
        command = [sys.executable, "-c", f"import sys; sys.exit({code})"]
        assert run_part(name, command, tmp_path / "regress" / "parts") == code
    lines, times = table(tmp_path).splitlines()[2:-3], table(tmp_path).splitlines()[-3:]
    assert lines == [
        "control      b: 1,000 actions, 2 faults, 1 of 90 spikes lost, 20 packets decoded, 6 of 8 kinds of registers "
        "by states",
        "buses        a, b: 3 of 4 tests passed; 2 input stalls",
        "gates        b in cells of c, d: 1,000 cells, 2 blocks from unknown registers and 3 random starts, "
        "mismatches 4",
        "mutants      6 of 10 mutants killed, 2 proved equivalent (75.0 % of the others), 1 harmless by argument "
        "(85.7 % of the rest), 1 explained, 0 not",
        "proofs       1 of 2 properties proved, 1 of them to a depth",
        "coverage     a: line 50.0 % of 4 (3 excluded), toggle 50.0 % of 4 (3 excluded), functional 50.0 % of 4 (3 "
        "excluded)",
        "soak         a: 0.5000 hours of 1000 channels at 20 spikes/s: 4 blocks, 1 mismatches in 9 values; 2 blocks/s "
        "in 2 processes, a whole hour takes 2.0 hours",
    ]
    assert re.fullmatch(r"time +a: \d\.\d minutes, \d\.\d of the processor", times[0])
    assert re.fullmatch(r"time +b: \d\.\d minutes, \d\.\d of the processor, FAILED", times[1])
    assert times[2].startswith("time         all: ")


def test_a_page_has_the_table_and_the_day(tmp_path) -> None:
    said = page(table(tmp_path), date(2026, 1, 2))
    assert f"```text\n{table(tmp_path)}\n```" in said
    assert "on 2026-01-02, on " in said


def test_parts_that_run_at_the_same_time_count_once() -> None:
    times = ((100.0, 10.0), (105.0, 2.0), (108.0, 7.0), (200.0, 1.0))
    parts = [
        Part(name=str(began), passed=True, began_s=began, wall_s=wall, processor_s=1.0)
        for began, wall in reversed(times)
    ]
    assert wall_of(parts) == 16.0
    assert wall_of([]) == 0.0
