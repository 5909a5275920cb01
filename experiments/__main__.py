"""``python -m experiments [NAME …]``: run experiments, write their JSON and figures, and the document of them all."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.catalogue import CATALOGUE
from experiments.document import DOCUMENT, document
from experiments.plots import style, svg
from experiments.result import RESULTS, load_result, save_result
from experiments.runner import run_experiment
from experiments.sources import MissingData
from spikecae.files import write_text

FIGURES = Path("docs/figures")


def main(
    names: Annotated[list[str] | None, typer.Argument(help="experiments; all of them if none is named")] = None,
    processes: Annotated[int, typer.Option(help="runs at a time on this machine")] = 1,
    scheduler: Annotated[str | None, typer.Option(help="address of a Dask scheduler to run on instead")] = None,
    collect: Annotated[bool, typer.Option("--collect", help="run nothing; only put finished runs together")] = False,
) -> None:
    """Run experiments; what this code has run before is not run again."""
    unknown = [name for name in names or [] if name not in CATALOGUE]
    if unknown:
        raise typer.BadParameter(f"no experiment {unknown[0]!r}; there are {', '.join(CATALOGUE)}")
    for name in names or CATALOGUE:
        experiment = CATALOGUE[name]
        try:
            stored = load_result(path) if (path := RESULTS / f"{name}.json").exists() else None
            result = run_experiment(experiment, processes, scheduler, collect, stored, tell=typer.echo)
        except MissingData as missing:
            if names and not collect:
                raise typer.BadParameter(str(missing)) from None
            typer.echo(f"left out: {missing}", err=True)
            continue
        save_result(result)
        if experiment.figure is not None:
            with style():
                write_text(FIGURES / f"{name}.svg", svg(experiment.figure(result)))
    results = {name: load_result(RESULTS / f"{name}.json") for name in CATALOGUE if (RESULTS / f"{name}.json").exists()}
    write_text(DOCUMENT, document(results, CATALOGUE, FIGURES))


if __name__ == "__main__":
    typer.run(main)
