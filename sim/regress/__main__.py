"""``python -m sim.regress``: the table of what a regression has found."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sim.regress.page import page
from sim.regress.table import table
from spikecae.files import write_text


def main(
    build: Annotated[Path, typer.Option(help="folder that all was written to")] = Path("build"),
    document: Annotated[Path | None, typer.Option(help="where to write it as a page of the guide")] = None,
) -> None:
    """Print it."""
    found = table(build)
    typer.echo(found)
    if document is not None:
        write_text(document, page(found, datetime.now(UTC).date()))


if __name__ == "__main__":
    typer.run(main)
