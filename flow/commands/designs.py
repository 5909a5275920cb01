"""Commands about design files, before and after they are run."""

from pathlib import Path
from typing import Annotated

import typer

from flow.commands.app import Answer, asks, command, console
from flow.commands.options import Area, Channels, Folder, Link, Overwrite, Power, Raw, Stream, positive
from flow.drafting.sampling import check_sampling
from flow.layout import BUILD, DESIGNS
from synth.estimate.limit import RATE_HZ

__all__: list[str] = []


def _sampling(rate_hz: float) -> float:
    try:
        check_sampling(rate_hz)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return rate_hz


def _asked_channels(said: str) -> int:
    if not said.isdecimal() or not int(said):
        raise typer.BadParameter(f"{said!r} must be a whole number above 0")
    return int(said)


def _asked_rate(said: str | float) -> float:
    try:
        return positive(float(said))
    except ValueError:
        raise typer.BadParameter(f"{said!r} must be a finite number above 0") from None


@command("check lite", "check designs/lite.toml --json", "check tiny --module model/autoencoder/network.py:Encoder")
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


@command("index", "index --json")
def index() -> Answer:
    """Write build/index.html, a page over all designs that have a report; report does so too."""
    from flow.report.index import INDEX, write_index

    found = write_index(BUILD)
    notes = "".join(f"\n{fault}" for fault in found.unread)
    return Answer(found, f"{BUILD / INDEX}: {len(found.entries)} reports{notes}")


@command(
    "new mine --channels 1000 --rate 30 --area 12 --power 5000 --link 800",
    "new mine --data recording.nwb --to my_designs --json",
)
def new(
    name: Annotated[str, typer.Argument(help="Name of the design: small letters, digits and _.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="A recording to go by: rate, noise, spikes.", show_default=False)
    ] = None,
    raw: Raw = None,
    stream: Stream = None,
    channels: Channels = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help=f"Spikes a second and channel; {RATE_HZ:g} without --data.", callback=positive),
    ] = None,
    sampling: Annotated[
        float, typer.Option("--sampling", help="Samples a second and channel, without --data.", callback=_sampling)
    ] = 30000.0,
    area: Area = None,
    power: Power = None,
    link: Link = None,
    to: Folder = DESIGNS,
    overwrite: Overwrite = False,
) -> Answer:
    """Write a design file with the reason beside each key, from a recording or from what is asked for."""
    from flow.drafting.draft import Wishes
    from flow.drafting.new import Limits, file_of, new_design, surveyed, text_of
    from spikecae.opening.description import describe

    path = file_of(name, to, may_replace=lambda path: overwrite or (asks() and typer.confirm(f"replace {path}?")))
    if channels is None and data is None:
        if not asks():
            raise ValueError("nothing to draft a design from; give --data, or --channels")
        channels = typer.prompt("channels", value_proc=_asked_channels)
        rate = typer.prompt("spikes a second and channel", default=RATE_HZ, value_proc=_asked_rate)
    shown = console()

    def tell(line: str) -> None:
        shown.print(line, style="dim", markup=False, soft_wrap=True)

    with shown.status("drafting"):
        if data is not None:
            tell(f"finding spikes in {data.name}")
        found = None if data is None else surveyed(data, describe(data, raw, stream))
        if found is not None:
            channels, rate = channels or found.channels, rate or found.rate_hz
        wishes = Wishes(channels or 1, rate or RATE_HZ, sampling, link)
        made = new_design(path, wishes, Limits(area, power), found, tell)
    return Answer(made, text_of(made))
