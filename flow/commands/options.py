"""Options that several commands have."""

import math
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from spikecae.opening.provenance import PROVENANCES
from synth.targets.find import choices

__all__ = [
    "NEUROPIXELS",
    "Area",
    "Blocks",
    "BuildName",
    "Channels",
    "Cocotb",
    "Data",
    "DesignName",
    "Epochs",
    "Folder",
    "FromShipped",
    "GateBlocks",
    "Link",
    "Overwrite",
    "Placed",
    "Power",
    "Provenance",
    "Raw",
    "Replace",
    "Stream",
    "Target",
    "Waves",
    "Whole",
    "positive",
]

NEUROPIXELS = "neuropixels"
Number = TypeVar("Number", float, float | None)


def positive(value: Number) -> Number:
    """A number, where one is given.

    Raises:
        typer.BadParameter: it is not above 0, or not finite.
    """
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f"{value:g} must be a finite number above 0")
    return value


def _gate_blocks(said: str | int) -> int:
    text = str(said)
    if not text.isdecimal() or not int(text):
        remedy = "measured gate by gate is a number of blocks from 1 on, say 4"
        raise typer.BadParameter(f"BLOCKS={text}: {remedy}{'; all is for sim' if text == 'all' else ''}")
    return int(text)


DesignName = Annotated[
    str, typer.Option("--design", help="Name of a file in designs/, without .toml; or the path of a design file.")
]
BuildName = Annotated[
    str | None,
    typer.Option("--build", help="A build folder of its own: build/<design>@<name>.", show_default=False),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Recording or spike file in place of the embedded recording.", show_default=False),
]
Raw = Annotated[
    Path | None,
    typer.Option("--raw", help="TOML or JSON on what DATA does not say: see the guide.", show_default=False),
]
Stream = Annotated[str | None, typer.Option("--stream", help="Which of DATA's streams or probes.", show_default=False)]
Provenance = Annotated[
    str | None,
    typer.Option("--provenance", help=f"What DATA is: {', '.join(PROVENANCES)}.", show_default=False),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="Let another recording (the embedded one, if none is given) take the place of a training.",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", min=1, help="Train this long in place of the design's epochs.", show_default=False),
]
FromShipped = Annotated[
    bool, typer.Option("--from-shipped", help="Train from the weights that come with the design, not from nothing.")
]
Blocks = Annotated[
    str | None,
    typer.Option(
        "--blocks", help="Test blocks to simulate: a number, or all; 256 where there are.", show_default=False
    ),
]
GateBlocks = Annotated[
    int,
    typer.Option("--blocks", parser=_gate_blocks, metavar="INTEGER", help="Blocks to measure, gate by gate."),
]
Waves = Annotated[bool, typer.Option("--waves", help="Leave a waveform of the simulation.")]
Cocotb = Annotated[bool, typer.Option("--cocotb", help="Run the cocotb benches too, on every simulator installed.")]
Target = Annotated[
    str,
    typer.Option(
        "--target",
        help=f"What to synthesize for: {choices()}, or a .lib file.",
    ),
]
Placed = Annotated[bool, typer.Option("--placed", help="Place the netlist, and take the wires from that.")]
Whole = Annotated[bool, typer.Option("--whole", help="Take the encoder with the front end that the design gives it.")]
Channels = Annotated[int | None, typer.Option("--channels", min=1, help="Channels of the chip.", show_default=False)]
Area = Annotated[
    float | None, typer.Option("--area", help="mm² that there are.", show_default=False, callback=positive)
]
Power = Annotated[
    float | None,
    typer.Option("--power", help="µW that there are, for all channels.", show_default=False, callback=positive),
]
Link = Annotated[
    float | None,
    typer.Option("--link", help="kbit/s that may leave, for all channels.", show_default=False, callback=positive),
]
Folder = Annotated[Path, typer.Option("--to", help="Folder to write it into.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file of that name.")]
