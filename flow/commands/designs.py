"""Commands about design files, before and after they are run."""

from pathlib import Path
from typing import Annotated

import typer

from flow.commands.app import Answer, command, console

__all__: list[str] = []


@command("check lite", "check designs/lite.toml --json", "check tiny --module my_network.py:Encoder")
def check(
    design: Annotated[str, typer.Argument(help="Name of a design, or path of a design file.")],
    module: Annotated[
        str | None,
        typer.Option("--module", help="An encoder of your own in its place: FILE.py:CLASS.", show_default=False),
    ] = None,
) -> Answer:
    """List every fault of a design file, and what the chip will take before anything is trained."""
    from flow.price.check import check as examine
    from flow.price.check import text_of

    with console().status("counting what the encoder is made of"):
        found = examine(design, module)
    return Answer(found, text_of(found), well=not found.faults)


@command("compare lite tiny", "compare lite tiny --html both.html --json")
def compare(
    designs: Annotated[list[str], typer.Argument(help="Names of designs, or paths of design files, that were run.")],
    html_file: Annotated[Path | None, typer.Option("--html", help="Write a page here.", show_default=False)] = None,
) -> Answer:
    """Put the reports of designs side by side: quality, rate, energy, area, channels, cycles."""
    from flow.report.comparison import compare as side_by_side
    from flow.report.comparison import page_of, reports_of, text_of
    from spikecae.files import write_text

    found, shown = side_by_side(reports_of(designs)), console()
    if html_file is not None:
        write_text(html_file, page_of(found))
    return Answer(found, text_of(found, width=shown.width, color=shown.is_terminal).rstrip("\n"))
