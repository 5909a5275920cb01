"""``python -m sim.regress``: the table of what a regression has found."""

from pathlib import Path
from typing import Annotated

import typer

from sim.regress.table import table


def main(build: Annotated[Path, typer.Option(help="folder that all was written to")] = Path("build")) -> None:
    """Print it."""
    typer.echo(table(build))


if __name__ == "__main__":
    typer.run(main)
