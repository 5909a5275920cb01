"""A command for each stage, and one for all of them."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import typer

from flow.chain import Asked, Chain, StageName
from flow.commands.app import Answer, Written, command, console
from flow.commands.options import (
    NEUROPIXELS,
    Blocks,
    BuildName,
    Cocotb,
    Data,
    DesignName,
    Epochs,
    FromShipped,
    GateBlocks,
    Placed,
    Provenance,
    Raw,
    Replace,
    Stream,
    Target,
    Waves,
    Whole,
)
from flow.layout import BUILD, Layout, find_layout
from flow.runner import exclusive
from flow.stages.data import Opening
from synth.files import PLACE_REPORT
from synth.targets.find import with_cells

__all__: list[str] = []

POWER_TARGET = next(iter(with_cells()))
stage_command = partial(command, resumes=True)


def _run(chain: Chain, work: Callable[[Chain], bool], what: str) -> None:
    started = time.monotonic()
    with exclusive(chain.layout.build):
        done = work(chain)
    if not done:
        wall_s = time.monotonic() - started
        chain.console.print(f"nothing to do: {what} of {chain.layout.name} is up to date ({wall_s:.1f} s)")


def _stage(chain: Chain, stage: StageName) -> Answer:
    _run(chain, lambda chain: chain.run(stage), stage)
    return Answer(_result(chain, stage))


def _result(chain: Chain, stage: StageName) -> Path | Written:
    """What a stage left for programs to read."""
    layout, target, whole = chain.layout, chain.target, chain.whole
    match stage:
        case "data":
            return layout.data / "data.json"
        case "train":
            return layout.model / "metrics.json"
        case "quantize":
            return layout.quantize / "metrics.json"
        case "rtl":
            return layout.rtl / "manifest.json"
        case "sim":
            return layout.sim / "results.json"
        case "synth":
            return layout.synth(target, whole=whole) / "report.json"
        case "place":
            return layout.place(target, whole=whole) / PLACE_REPORT
        case "power":
            return layout.power(target, whole=whole) / ("implant.json" if whole else "power.json")
        case "report":
            return layout.build / "report.json"
        case "testbench" | "codec":
            folder = layout.testbench if stage == "testbench" else layout.codec
            return Written(files=sorted(path for path in folder.rglob("*") if path.is_file()))


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


@stage_command("data --design tiny", "data --design lite_probe --data recording.nwb --json", name="data")
def find_spikes(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
) -> Answer:
    """Find the spikes of a recording, convert and split them."""
    asked = _recorded(data, raw, stream, provenance, replace)
    return _stage(Chain(_layout(design, build), console(), asked), "data")


@stage_command(
    "train --design tiny --epochs 3",
    "train --design lite --data spikes.npz --json",
    "train --design tiny --epochs 3 --from-shipped --replace",
)
def train(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    epochs: Epochs = None,
    from_shipped: FromShipped = False,
) -> Answer:
    """Train the autoencoder anew."""
    asked = _recorded(data, raw, stream, provenance, replace)
    return _stage(Chain(_layout(design, build), console(), asked, epochs, from_shipped), "train")


@stage_command("quantize --design tiny")
def quantize(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    epochs: Epochs = None,
    from_shipped: FromShipped = False,
) -> Answer:
    """Turn the trained weights into the encoder spec: integers of 8 bits, or of fewer where the design says so."""
    asked = _recorded(data, raw, stream, provenance, replace)
    return _stage(Chain(_layout(design, build), console(), asked, epochs, from_shipped), "quantize")


@stage_command("rtl --design tiny")
def rtl(design: DesignName = NEUROPIXELS, build: BuildName = None) -> Answer:
    """Emit Verilog and its manifest, from the shipped spec if none was made here."""
    return _stage(Chain(_layout(design, build), console()), "rtl")


@stage_command("sim --design tiny --blocks 16", "sim --design tiny --blocks all --json")
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
) -> Answer:
    """Prove the Verilog equal to the golden model, block by block."""
    asked, count = _recorded(data, raw, stream, provenance, replace), _blocks(blocks)
    chain = Chain(_layout(design, build), console(), asked, blocks=count, waves=waves, cocotb=cocotb)
    return _stage(chain, "sim")


@stage_command("synth --design tiny", f"synth --design tiny --target {POWER_TARGET} --json")
def synth(
    design: DesignName = NEUROPIXELS, build: BuildName = None, target: Target = "generic", whole: Whole = False
) -> Answer:
    """Count resources with Yosys and estimate energy and power density."""
    return _stage(Chain(_layout(design, build), console(), target=target, whole=whole), "synth")


@stage_command(f"place --design tiny --target {POWER_TARGET}")
def place(
    design: DesignName = NEUROPIXELS, build: BuildName = None, target: Target = POWER_TARGET, whole: Whole = False
) -> Answer:
    """Place the mapped netlist's cells and macros: how large the chip is, and how long its wires are."""
    return _stage(Chain(_layout(design, build), console(), target=target, whole=whole), "place")


@stage_command(f"power --design tiny --target {POWER_TARGET} --blocks 4 --json")
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
) -> Answer:
    """Simulate the mapped netlist gate by gate on test spikes: energy per spike, and channels within the limit."""
    asked = _recorded(data, raw, stream, provenance, replace)
    layout, shown = _layout(design, build), console()
    chain = Chain(layout, shown, asked, measured=blocks, target=target, placed=placed, whole=whole)
    return _stage(chain, "power")


@stage_command("testbench --design tiny", name="testbench")
def write_testbench(design: DesignName = NEUROPIXELS, build: BuildName = None) -> Answer:
    """Write a self-checking bench in plain Verilog, with vectors, for simulators without this toolkit."""
    return _stage(Chain(_layout(design, build), console()), "testbench")


@stage_command("codec --design tiny")
def codec(design: DesignName = NEUROPIXELS, build: BuildName = None) -> Answer:
    """Put the encoder spec and the decoder network, as ONNX, into one folder for the host codec."""
    return _stage(Chain(_layout(design, build), console()), "codec")


@stage_command("report --design tiny", "report --design tiny --json")
def report(design: DesignName = NEUROPIXELS, build: BuildName = None, target: Target = "generic") -> Answer:
    """Write report.json and report.html, and print the table."""
    chain = Chain(_layout(design, build), console(), target=target)
    _run(chain, lambda chain: chain.run("report"), "report")
    return _reported(chain)


@stage_command("all --design tiny", name="all")
def run_all(
    design: DesignName = NEUROPIXELS,
    build: BuildName = None,
    data: Data = None,
    raw: Raw = None,
    stream: Stream = None,
    provenance: Provenance = None,
    replace: Replace = False,
    epochs: Epochs = None,
    from_shipped: FromShipped = False,
    blocks: Blocks = None,
    waves: Waves = False,
    cocotb: Cocotb = False,
    target: Target = "generic",
) -> Answer:
    """Run every stage, skipping what is up to date, and print the table."""
    asked = _recorded(data, raw, stream, provenance, replace)
    layout, shown, count = _layout(design, build), console(), _blocks(blocks)
    chain = Chain(layout, shown, asked, epochs, from_shipped, count, waves=waves, cocotb=cocotb, target=target)
    _run(chain, Chain.run_all, "everything")
    return _reported(chain)


def _reported(chain: Chain) -> Answer:
    from flow.report.index import write_index

    build = chain.layout.build
    write_index(BUILD)
    table = (build / "report.txt").read_text(encoding="utf-8")
    return Answer(_result(chain, "report"), f"\n{table}pictures: {build / 'report.html'}")
