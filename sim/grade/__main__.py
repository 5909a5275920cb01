"""``python -m sim.grade``: hundreds of mutants, each put through the benches; ``mutants.json`` and a table by unit."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sim.grade.equivalent import proved_equivalent
from sim.grade.results import Grade, collect, load_reasons, reason_of
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
    again: Annotated[bool, typer.Option(help="only the survivors of the last result, which stays as it is")] = False,
) -> None:
    """Grade the benches. Units that a design before has are not taken again."""
    path, reasons = out / "mutants.json", load_reasons()
    wanted = {(s.design, s.fault) for s in _last(path).survivors if not s.equivalent} if again else None
    seen, judged, equivalent = set[str](), [], set[tuple[str, int]]()
    for design in designs or ("tiny", "lite"):
        subject = graded(design, out / "grade", per_unit=per_unit, seed=seed, without=seen)
        seen |= {mutant.unit for mutant in subject.mutants}
        taken = [mutant for mutant in subject.mutants if wanted is None or (design, mutant.fault) in wanted]
        survivors = []
        numbers = (mutant.number for mutant in taken)
        for done, verdict in enumerate(judge(subject.library, subject.subjects, numbers, processes), 1):
            mutant = subject.mutants[verdict.number - 1]
            judged.append((design, mutant, verdict))
            if verdict.bench is None:
                survivors.append(mutant)
            if again:
                typer.echo(f"{mutant}: {verdict.bench or 'survives'} {verdict.message}")
            elif done % 50 == 0 or done == len(taken):
                typer.echo(f"{design}: {done} of {len(taken)} mutants, {len(survivors)} survive")
        unexplained = [mutant for mutant in survivors if reason_of(mutant, reasons) is None]
        with ThreadPoolExecutor(processes) as pool:
            proofs = pool.map(partial(proved_equivalent, subject.netlist), unexplained)
            proved = {mutant.number for mutant, same in zip(unexplained, proofs, strict=True) if same}
        equivalent |= {(design, number) for number in proved}
        for mutant in survivors:
            why = reason_of(mutant, reasons)
            told = why.reason if why else "proved equivalent" if mutant.number in proved else "without a reason"
            typer.echo(f"  survives: {mutant}: {told}")
    if again:
        return
    grade = collect(seed, judged, equivalent, reasons)
    write_text(path, grade.model_dump_json(indent=1) + "\n")
    typer.echo(_table(grade))
    if grade.killed_percent < LEAST_PERCENT or any(s.reason is None and not s.equivalent for s in grade.survivors):
        raise typer.Exit(FAILED)


def _last(path: Path) -> Grade:
    return Grade.model_validate_json(path.read_bytes())


def _table(grade: Grade) -> str:
    lines = [f"{'design':10} {'unit':22} mutants killed equivalent"]
    lines += [f"{u.design:10} {u.unit:22} {u.mutants:7} {u.killed:6} {u.equivalent:10}" for u in grade.units]
    return "\n".join([*lines, str(grade)])


if __name__ == "__main__":
    typer.run(main)
