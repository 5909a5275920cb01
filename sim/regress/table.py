"""The table at the end of ``make regress``: what was run, and what came of it, from files that its parts have left."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from sim.coverage.points import Covered
from sim.grade.results import Grade
from sim.regress.buses import BusResults
from sim.regress.control import ControlResults
from sim.regress.gates import GateResults
from sim.regress.part import Part, wall_of
from sim.results import SimulationResults
from sim.soak.run import Soaked

__all__ = ["table"]

NOT_RUN = "not run"


def table(build: Path) -> str:
    """Designs, simulators, blocks and mismatches; then random hosts, bus models, gates, mutants, proofs, coverage and
    soak; then what each part took.

    What was not run is said.

    Args:
        build: the folder that all of them were written to.
    """
    return "\n".join([*_designs(build), "", *(f"{name:12} {found}" for name, found in _parts(build))])


def _designs(build: Path) -> Iterator[str]:
    yield f"{'design':20} {'blocks':>8} {'mismatches':>11} {'values':>14}  simulators"
    for path in sorted(build.glob("*/sim/results.json")):
        results = SimulationResults.model_validate_json(path.read_text(encoding="utf-8"))
        blocks = results.blocks + results.paused_blocks + sum(other.blocks for other in results.others)
        wrong = results.mismatches + results.left_over + sum(o.mismatches + o.left_over for o in results.others)
        values = results.values_compared + sum(other.values_compared for other in results.others)
        benches = [f"{own.simulator}, cocotb {own.passed} of {own.passed + own.failed}" for own in results.benches]
        yield f"{path.parts[-3]:20} {blocks:8,} {wrong:11} {values:14,}  {'; '.join([results.simulator, *benches])}"


def _parts(build: Path) -> Iterator[tuple[str, str]]:
    yield from _each("control", build / "regress" / "control", ControlResults)
    yield from _each("buses", build / "regress" / "cocotb", BusResults)
    yield from _each("gates", build / "regress" / "gates", GateResults)
    path = build / "regress" / "mutants.json"
    yield "mutants", str(Grade.model_validate_json(path.read_bytes())) if path.is_file() else NOT_RUN
    path = build / "formal" / "results.json"
    yield "proofs", _proofs(json.loads(path.read_bytes())["proofs"]) if path.is_file() else NOT_RUN
    path = build / "regress" / "coverage.json"
    if path.is_file():
        for own in Covered.model_validate_json(path.read_bytes()).designs:
            yield "coverage", str(own)
    else:
        yield "coverage", NOT_RUN
    path = build / "regress" / "soak.json"
    yield "soak", str(Soaked.model_validate_json(path.read_bytes())) if path.is_file() else NOT_RUN
    parts = [
        Part.model_validate_json(path.read_bytes()) for path in sorted((build / "regress" / "parts").glob("*.json"))
    ]
    for part in parts:
        yield "time", str(part)
    if parts:
        used = sum(part.processor_s for part in parts)
        yield "time", f"all: {wall_of(parts) / 60:.1f} minutes, {used / 60:.1f} of the processor"


def _each(name: str, folder: Path, record: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """A line for each file of a folder."""
    paths = sorted(folder.glob("*.json"))
    for path in paths:
        yield name, str(record.model_validate_json(path.read_bytes()))
    if not paths:
        yield name, NOT_RUN


def _proofs(proofs: list[dict[str, object]]) -> str:
    proved = [proof["method"] for proof in proofs if proof["verdict"] == "proved"]
    bounded = proved.count("bounded")
    return f"{len(proved)} of {len(proofs)} properties proved, {bounded} of them to a depth"
