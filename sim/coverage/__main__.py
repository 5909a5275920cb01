"""``python -m sim.coverage``: run the benches on chips that count, and say what they reach; ``coverage.json``."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from rtl.emit import emit
from sim.coverage.functional import WatchedChip, functional_points
from sim.coverage.points import Coverage, Covered, Point, count, load_exclusions, read_points
from sim.grade.chip import PRESET
from sim.grade.subjects import DESIGNS, subjects_of
from sim.grade.verdicts import run_benches
from sim.verilate import build_library
from spikecae.design import load_design
from spikecae.files import write_text
from spikecae.spec import load_spec

FAILED = 1
LEAST = {"line": 95.0, "toggle": 90.0, "functional": 100.0}
"""Percent."""


def main(
    designs: Annotated[list[str] | None, typer.Argument(help="shipped designs; tiny and lite if none is named")] = None,
    out: Annotated[Path, typer.Option(help="folder of the result")] = Path("build/regress"),
) -> None:
    """Count lines, toggles and functional bins of the encoders under all benches."""
    covered = []
    for design in designs or ("tiny", "lite"):
        points = _points(design, out)
        line, toggle, functional = (count(points, kind, load_exclusions()) for kind in ("line", "toggle", "functional"))
        bins = {point.name: point.hits for point in points if point.kind == "functional"}
        covered.append(Coverage(design=design, line=line, toggle=toggle, functional=functional, bins=bins))
        typer.echo(str(covered[-1]))
        for name in functional.missing:
            typer.echo(f"  not met: {name}")
    write_text(out / "coverage.json", Covered(designs=covered).model_dump_json(indent=1) + "\n")
    if any(getattr(own, kind).percent < least for own in covered for kind, least in LEAST.items()):
        raise typer.Exit(FAILED)


def _points(design: str, out: Path) -> list[Point]:
    spec, hardware = load_spec(DESIGNS / design), load_design(DESIGNS / f"{design}.toml").hardware
    folder = out / "coverage" / design
    manifest = emit(spec, hardware, folder)
    library = build_library(folder / manifest.verilog, manifest, out / "verilated", coverage=True, registers=PRESET)
    subjects = subjects_of(spec, hardware, manifest)
    chip = WatchedChip(library, subjects[0])
    for bench in run_benches(chip, subjects):
        typer.echo(f"{design}: {bench}")
    with tempfile.TemporaryDirectory(prefix="spikecae-coverage-") as name:
        path = Path(name) / "points"
        chip.watch()
        chip.simulator.write_coverage(path)
        chip.close()
        return [*read_points(path, folder / manifest.verilog), *functional_points(chip, subjects)]


if __name__ == "__main__":
    typer.run(main)
