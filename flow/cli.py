"""The command line: ``python -m flow <stage> --design <name>``."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from flow.chain import Asked, Chain, StageName
from flow.clean import clean as remove_outputs
from flow.errors import describe, please_report
from flow.layout import Layout, find_layout
from flow.runner import exclusive
from flow.stages.data import Opening
from model.provenance import PROVENANCES
from spikecae.errors import FAILED, INTERNAL
from synth.targets.find import choices, with_cells

__all__ = ["app", "main"]

app = typer.Typer(
    help="From spikes to proven Verilog: train, quantize, emit, simulate, synthesize, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

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
Blocks = Annotated[
    str | None,
    typer.Option(
        "--blocks", help="Test blocks to simulate: a number, or all; 256 where there are.", show_default=False
    ),
]
GateBlocks = Annotated[int, typer.Option("--blocks", min=1, help="Blocks to measure, gate by gate.")]
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

NEUROPIXELS = "neuropixels"
POWER_TARGET = next(iter(with_cells()))


def _console() -> Console:
    width = None if sys.stdout.isatty() else 120
    return Console(width=width, highlight=False)


def _run(chain: Chain, work: Callable[[Chain], bool], what: str) -> None:
    started = time.monotonic()
    with exclusive(chain.layout.build):
        done = work(chain)
    if not done:
        wall_s = time.monotonic() - started
        chain.console.print(f"nothing to do: {what} of {chain.layout.name} is up to date ({wall_s:.1f} s)")


def _stage(chain: Chain, stage: StageName) -> None:
    _run(chain, lambda chain: chain.run(stage), stage)


def _recorded(data: Path | None, raw: Path | None, stream: str | None, provenance: str | None, replace: bool) -> Asked:
    return Asked(data, Opening(raw, stream, provenance), replace)


def _blocks(said: str | None) -> int | Literal["all"] | None:
    if said is None:
        return None
    if said == "all":
        return "all"
    if not said.isdecimal() or not int(said):
        raise typer.BadParameter(f"{said!r} is no number of blocks, from 1 on, nor all", param_hint="--blocks")
    return int(said)


def _layout(design: str, build: str | None) -> Layout:
    layout = find_layout(design, build)
    _ = layout.design  # every fault of the design file is told before anything else
    return layout


@app.command()
def train(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    epochs: Epochs = None,
) -> None:
    """Train the autoencoder anew."""
    asked = _recorded(data, raw, stream, provenance, replace)
    _stage(Chain(_layout(design, build), _console(), asked, epochs), "train")


@app.command()
def quantize(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    epochs: Epochs = None,
) -> None:
    """Turn the trained weights into the encoder spec: integers of 8 bits, or of fewer where the design says so."""
    asked = _recorded(data, raw, stream, provenance, replace)
    _stage(Chain(_layout(design, build), _console(), asked, epochs), "quantize")


@app.command()
def rtl(design: DesignName = NEUROPIXELS, build: BuildName = None) -> None:
    """Emit Verilog and its manifest, from the shipped spec if none was made here."""
    _stage(Chain(_layout(design, build), _console()), "rtl")


@app.command()
def sim(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    blocks: Blocks = None,
    waves: Waves = False,
    cocotb: Cocotb = False,
) -> None:
    """Prove the Verilog equal to the golden model, block by block."""
    asked = _recorded(data, raw, stream, provenance, replace)
    _stage(Chain(_layout(design, build), _console(), asked, blocks=_blocks(blocks), waves=waves, cocotb=cocotb), "sim")


@app.command()
def synth(
    design: DesignName = NEUROPIXELS, build: BuildName = None, target: Target = "generic", whole: Whole = False
) -> None:
    """Count resources with Yosys and estimate energy and power density."""
    _stage(Chain(_layout(design, build), _console(), target=target, whole=whole), "synth")


@app.command()
def place(design: DesignName = NEUROPIXELS, build: BuildName = None, target: Target = POWER_TARGET) -> None:
    """Place the mapped netlist's cells and macros: how large the chip is, and how long its wires are."""
    _stage(Chain(_layout(design, build), _console(), target=target), "place")


@app.command()
def power(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    blocks: GateBlocks = 4,
    target: Target = POWER_TARGET,
    placed: Placed = False,
    whole: Whole = False,
) -> None:
    """Simulate the mapped netlist gate by gate on test spikes: energy per spike, and channels within the limit."""
    if whole and placed:
        raise typer.BadParameter("with a front end, wires are assumed; leave it out, or --whole", param_hint="--placed")
    asked = _recorded(data, raw, stream, provenance, replace)
    layout, console = _layout(design, build), _console()
    _stage(Chain(layout, console, asked, measured=blocks, target=target, placed=placed, whole=whole), "power")


@app.command("testbench")
def write_testbench(design: DesignName = NEUROPIXELS, build: BuildName = None) -> None:
    """Write a self-checking bench in plain Verilog, with vectors, for simulators without this toolkit."""
    _stage(Chain(_layout(design, build), _console()), "testbench")


@app.command()
def codec(design: DesignName = NEUROPIXELS, build: BuildName = None) -> None:
    """Put the encoder spec and the decoder network, as ONNX, into one folder for the host codec."""
    _stage(Chain(_layout(design, build), _console()), "codec")


@app.command()
def report(design: DesignName = NEUROPIXELS, build: BuildName = None, target: Target = "generic") -> None:
    """Write report.json and report.html, and print the table."""
    chain = Chain(_layout(design, build), _console(), target=target)
    _stage(chain, "report")
    _print_table(chain)


@app.command()
def compare(
    designs: Annotated[list[str], typer.Argument(help="Names of designs, or paths of design files, that were run.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here.", show_default=False)
    ] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write a page here.", show_default=False)] = None,
) -> None:
    """Put the reports of designs side by side: quality, rate, energy, area, channels, cycles."""
    from flow.report.comparison import compare as side_by_side
    from flow.report.comparison import page_of, reports_of, text_of
    from spikecae.files import write_text

    found, console = side_by_side(reports_of(designs)), _console()
    print(text_of(found, width=console.width, color=console.is_terminal), end="")
    if json_file is not None:
        write_text(json_file, found.model_dump_json(indent=1) + "\n")
    if html_file is not None:
        write_text(html_file, page_of(found))


@app.command(name="all")
def run_all(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    epochs: Epochs = None,
    blocks: Blocks = None,
    waves: Waves = False,
    cocotb: Cocotb = False,
    target: Target = "generic",
) -> None:
    """Run every stage, skipping what is up to date, and print the table."""
    asked = _recorded(data, raw, stream, provenance, replace)
    layout, console, count = _layout(design, build), _console(), _blocks(blocks)
    chain = Chain(layout, console, asked, epochs, count, waves=waves, cocotb=cocotb, target=target)
    _run(chain, Chain.run_all, "everything")
    _print_table(chain)


@app.command()
def doctor() -> None:
    """Check the programs, folders and disk space that the stages need."""
    from flow.doctor import examine

    if not examine(_console()):
        raise typer.Exit(1)


@app.command()
def clean(design: DesignName = NEUROPIXELS, build: BuildName = None) -> None:
    """Remove what stages wrote in build/<design>, and say what."""
    _console().print(remove_outputs(find_layout(design, build)), markup=False, soft_wrap=True)


def _print_table(chain: Chain) -> None:
    build = chain.layout.build
    print(f"\n{(build / 'report.txt').read_text(encoding='utf-8')}pictures: {build / 'report.html'}")


def main() -> None:
    """Run the command line; known errors end in a message and status 1, the program's own faults ask for a report."""
    try:
        app()
    except Exception as error:
        if os.environ.get("SPIKECAE_DEBUG") == "1":
            raise
        message = describe(error)
        print(please_report(error) if message is None else f"error: {message}", file=sys.stderr)
        sys.exit(INTERNAL if message is None else FAILED)
