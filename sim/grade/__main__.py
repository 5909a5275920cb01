"""``python -m sim.grade``: hundreds of mutants, each put through the benches; ``mutants.json`` and a table by unit."""

from pathlib import Path
from typing import Annotated

import typer

from sim.grade.equivalent import proved_equivalent
from sim.grade.results import Grade, collect, load_reasons
from sim.grade.subjects import graded
from sim.grade.verdicts import judge
from spikecae.files import write_text

FAILED = 1
LEAST_PERCENT = 95


def main(
    designs: Annotated[list[str] | None, typer.Argument(help="shipped designs; tiny and lite if none is named")] = None,
    per_unit: Annotated[int, typer.Option(help="mutants of each unit")] = 10,
    seed: Annotated[int, typer.Option(help="of their choice")] = 1,
    processes: Annotated[int, typer.Option(help="at a time")] = 2,
    out: Annotated[Path, typer.Option(help="folder of the result")] = Path("build/regress"),
) -> None:
    """Grade the benches. Units that a design before has are not taken again."""
    seen, judged, equivalent = set[str](), [], set[tuple[str, int]]()
    for design in designs or ("tiny", "lite"):
        subject = graded(design, out / "grade", per_unit=per_unit, seed=seed, without=seen)
        seen |= {mutant.unit for mutant in subject.mutants}
        survivors = []
        numbers = (mutant.number for mutant in subject.mutants)
        for verdict in judge(subject.library, subject.subjects, numbers, processes):
            mutant = subject.mutants[verdict.number - 1]
            judged.append((design, mutant, verdict))
            if verdict.bench is None:
                survivors.append(mutant)
            if mutant.number % 50 == 0 or mutant is subject.mutants[-1]:
                typer.echo(f"{design}: {mutant.number} of {len(subject.mutants)} mutants, {len(survivors)} survive")
        for mutant in survivors:
            same = proved_equivalent(subject.netlist, mutant)
            equivalent |= {(design, mutant.number)} if same else set()
            typer.echo(f"  survives{', proved equivalent' if same else ''}: {mutant}")
    grade = collect(seed, judged, equivalent, load_reasons())
    write_text(out / "mutants.json", grade.model_dump_json(indent=1) + "\n")
    typer.echo(_table(grade))
    if grade.killed_percent < LEAST_PERCENT or any(s.reason is None and not s.equivalent for s in grade.survivors):
        raise typer.Exit(FAILED)


def _table(grade: Grade) -> str:
    lines = [f"{'design':10} {'unit':22} mutants killed equivalent"]
    lines += [f"{u.design:10} {u.unit:22} {u.mutants:7} {u.killed:6} {u.equivalent:10}" for u in grade.units]
    return "\n".join([*lines, str(grade)])


if __name__ == "__main__":
    typer.run(main)
