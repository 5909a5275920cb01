"""Commands that search for a design, and take what was found."""

from typing import Annotated

import typer

from flow.commands.app import Answer, Written, asks, command, console
from flow.commands.options import (
    Area,
    BuildName,
    Channels,
    Data,
    DesignName,
    Folder,
    Link,
    Overwrite,
    Power,
    Provenance,
    Raw,
    Replace,
    Stream,
    positive,
)
from flow.layout import DESIGNS, find_layout
from spikecae.design import ENCODERS
from synth.estimate.limit import RATE_HZ

__all__: list[str] = []

LITE = "lite"


@command(
    "explore --design lite --trials 40",
    "explore --design lite_probe --channels 1000 --rate 30 --area 12 --family linear",
    "explore --design lite --scheduler tcp://127.0.0.1:8786 --json",
    resumes=True,
)
def explore(
    design: DesignName = LITE,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    trials: Annotated[int, typer.Option("--trials", min=1, help="That go well; those of before count.")] = 40,
    family: Annotated[
        list[str] | None,
        typer.Option("--family", help=f"Kinds of encoders, {' and '.join(ENCODERS)} by default.", show_default=False),
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Of networks, in place of the design's.")] = 10,
    channels: Channels = None,
    rate: Annotated[float, typer.Option("--rate", help="Spikes a second and channel.", callback=positive)] = RATE_HZ,
    area: Area = None,
    power: Power = None,
    link: Link = None,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Workers on this machine.")] = 2,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler instead.", show_default=False)
    ] = None,
) -> Answer:
    """Search for better designs around one: quality, rate, energy and area at once, within what there is."""
    from flow.chain import Asked, Chain
    from flow.explore.front import Question, text_of
    from flow.explore.run import adopting
    from flow.explore.run import explore as search
    from flow.runner import exclusive
    from flow.stages.data import Opening

    unknown = set(family or ()) - ENCODERS.keys()
    if unknown:
        raise typer.BadParameter(f"{unknown.pop()!r} is none of {', '.join(ENCODERS)}", param_hint="--family")
    if channels is None and (power is not None or link is not None):
        raise typer.BadParameter("how much there is for how many channels? give --channels", param_hint="--power")
    layout, shown = find_layout(design, build), console()
    question = Question(channels=channels, rate_hz=rate, area_mm2=area, power_uw=power, link_kbps=link)
    kinds = tuple(dict.fromkeys([layout.design.encoder.kind, *(family or ENCODERS)]))
    with exclusive(layout.build):
        Chain(layout, shown, Asked(data, Opening(raw, stream, provenance), replace)).run("data")
        with shown.status("exploring") as status:
            found = search(layout, question, kinds, trials, epochs, scheduler, processes, status.update)
    page = layout.explore / "front.html"
    return Answer(found, f"{text_of(found, adopting(layout))}\npictures: {page}")


@command("adopt 7 --design lite --name lite_7", "adopt 7 --design lite --name lite_7 --to my_designs --json")
def adopt(
    trial: Annotated[int, typer.Argument(help="Number of a trial.", min=0)],
    name: Annotated[str, typer.Option("--name", help="Of the new design.", show_default=False)],
    design: DesignName = LITE,
    build: BuildName = None,
    to: Folder = DESIGNS,
    overwrite: Overwrite = False,
) -> Answer:
    """Write the design of a trial that explore made."""
    from flow.drafting.new import file_of
    from flow.explore.run import adopt as write

    path = file_of(name, to, may_replace=lambda path: overwrite or (asks() and typer.confirm(f"replace {path}?")))
    write(find_layout(design, build), trial, path)
    make = f"make DESIGN={name if to == DESIGNS else path}"
    return Answer(Written(files=[path]), f"{path}: build it with {make}")
