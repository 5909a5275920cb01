"""``python -m sim.formal``: prove all properties, or some, and say what became of them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sim.formal.properties.table import properties
from sim.formal.results import ProofResult
from sim.formal.run import prove_all
from spikecae.files import write_text

RESULTS = Path("build/formal/results.json")


def main(
    only: Annotated[str, typer.Option(help="names of properties begin with this")] = "",
    output: Annotated[Path, typer.Option(help="where to write what was found, as JSON")] = RESULTS,
    document: Annotated[Path | None, typer.Option(help="where to write it in words")] = None,
) -> None:
    """Prove properties of the hardware; exits with 1 if one is refuted or open."""
    console = Console()
    chosen = [given for given in properties() if given.name.startswith(only)]
    if not chosen:
        raise typer.BadParameter(f"no property's name begins with {only!r}; leave --only out to see all")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("proving", total=len(chosen))

        def done(proof: ProofResult) -> None:
            console.print(f"{proof.verdict:8} {proof.name} ({proof.method}, depth {proof.depth}, {proof.seconds} s)")
            bar.advance(task)

        found = prove_all(chosen, done)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_text(output, found.model_dump_json(indent=1) + "\n")
    if document is not None:
        write_text(document, found.document())
    failed = [proof.name for proof in found.proofs if proof.verdict != "proved"]
    console.print(f"{len(chosen) - len(failed)} of {len(chosen)} proved" + "".join(f"\nnot: {name}" for name in failed))
    raise typer.Exit(bool(failed))


if __name__ == "__main__":
    typer.run(main)
