"""``python -m sim.soak``: a share of an hour of many channels' spikes through the batch simulator; ``soak.json``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from rtl.emit import emit
from sim.emitted import load_writes
from sim.soak.run import Outcome, Soak, Soaked, soak
from sim.verilate import build_library
from spikecae.design import load_design
from spikecae.files import write_text
from spikecae.spec import load_spec

DESIGNS = Path("designs")
FAILED = 1
SECONDS = 3600
TELL_S = 10
"""From one line to the next."""


def main(
    design: Annotated[str, typer.Argument(help="a shipped design")] = "lite",
    share: Annotated[float, typer.Option(help="of the hour")] = 0.001,
    channels: Annotated[int, typer.Option(help="that spike")] = 1000,
    rate: Annotated[float, typer.Option(help="spikes a second of each")] = 20.0,
    first: Annotated[int, typer.Option(help="number of the first run of 512 blocks, from 0 on")] = 0,
    processes: Annotated[int, typer.Option(help="runs at a time")] = 2,
    out: Annotated[Path, typer.Option(help="folder of the result")] = Path("build/regress"),
) -> None:
    """Compare every stage and byte of so many blocks, and say how long the whole hour would take."""
    spec, made = load_spec(DESIGNS / design), load_design(DESIGNS / f"{design}.toml")
    folder = out / "soak" / design
    manifest = emit(spec, made.hardware, folder, block=made.block.kind)
    library = build_library(folder / manifest.verilog, manifest, out / "verilated")
    blocks = -(-round(share * channels * rate * SECONDS) // spec.spikes)
    started = told = time.monotonic()
    outcomes = list[Outcome]()
    for outcome in soak(Soak(spec, library, manifest, load_writes(folder, manifest)), blocks, processes, first):
        outcomes.append(outcome)
        if time.monotonic() > told + TELL_S:
            told = time.monotonic()
            done = sum(outcome.blocks for outcome in outcomes)
            typer.echo(f"{done:,} of {blocks:,} blocks, {sum(o.mismatches for o in outcomes)} mismatches")
    wall_s, done = time.monotonic() - started, sum(outcome.blocks for outcome in outcomes)
    result = Soaked(
        design=design,
        channels=channels,
        spikes_per_s=rate,
        hours=done * spec.spikes / (channels * rate * SECONDS),
        spikes=done * spec.spikes,
        blocks=done,
        values=sum(outcome.values for outcome in outcomes),
        mismatches=sum(outcome.mismatches for outcome in outcomes),
        first_mismatch=next((outcome.first for outcome in outcomes if outcome.first is not None), None),
        processes=processes,
        wall_s=round(wall_s, 1),
        blocks_per_s=round(done / wall_s, 1),
        hour_wall_s=round(channels * rate * SECONDS / spec.spikes * wall_s / done),
    )
    write_text(out / "soak.json", result.model_dump_json(indent=1) + "\n")
    typer.echo(str(result))
    if result.mismatches:
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    typer.run(main)
