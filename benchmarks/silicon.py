"""Area, timing, energy and power density of a design on a process, beside the figures kept from before.

``python -m benchmarks.silicon --design tiny --target PROCESS`` runs the stages that are not up to date, prints each
figure with its change, and ends with status 1 where one is worse than its tolerance allows; ``--update`` keeps the new
ones.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from flow.commands.options import GateBlocks
from flow.layout import find_layout
from spikecae.files import write_text
from synth.part import Part
from synth.power.power_report import PowerReport
from synth.report import SynthesisReport
from synth.targets.find import target_name, with_cells

__all__ = ["Baseline", "Kept", "compare", "figures"]

BASELINES = Path(__file__).parent / "baselines"
TOLERANCE = 0.02
"""Of a figure; mapping and simulation repeat exactly, so that this is what a change may cost unnoticed."""
HIGHER_IS_BETTER = {"channels_within_limit", "gated_share"}


class Kept(Part):
    """A figure as it was."""

    value: float
    tolerance: float


class Baseline(Part):
    """One design on one process."""

    schema_version: Literal[1] = 1
    design: str
    target: str
    spec_hash: str
    blocks: int
    figures: dict[str, Kept]


def figures(synthesis: SynthesisReport, power: PowerReport) -> dict[str, float]:
    """What is watched; names have the unit.

    Raises:
        ValueError: the reports are of different specs, or there is no mapping.
    """
    mapping = synthesis.mapping
    if mapping is None or synthesis.spec_hash != power.spec_hash:
        raise ValueError("the reports are of different specs, or of a target without cells; run the power stage anew")
    found = {
        "cells_mm2": mapping.area_um2 / 1e6,
        "flip_flops": float(mapping.flip_flops),
        "gated_share": mapping.gated_share,
        "critical_path_ns": power.critical_path.ns,
        "energy_nj_per_spike": power.energy_nj_per_spike,
        "idle_uw": power.idle_uw,
        "idle_clocked_uw": power.idle_clocked_uw,
        "leakage_uw": power.leakage_uw,
    }
    if power.isolated_nj_per_spike is not None:
        found["isolated_nj_per_spike"] = power.isolated_nj_per_spike
    if mapping.macro_area_um2 is not None:
        found["macros_mm2"] = mapping.macro_area_um2 / 1e6
    if power.budget is not None:
        found["channels_within_limit"] = float(power.budget.channels_within_limit)
    return found


def compare(baseline: Baseline, found: dict[str, float]) -> tuple[list[str], list[str]]:
    """A line for each figure, and the names of those that are worse than they may be.

    A figure that is not in the baseline is new; one that is missing now counts as worse.
    """
    lines, worse = [], []
    for name in sorted(found.keys() | baseline.figures.keys()):
        before = baseline.figures.get(name)
        value = found.get(name)
        if before is None or value is None:
            lines.append(f"  {name:24} {'new' if before is None else 'missing'}")
            worse += [] if before is None else [name]
            continue
        change = value / before.value - 1 if before.value else 0.0
        mark = "=" if abs(change) < 5e-4 else "▲" if change > 0 else "▼"
        lines.append(f"  {name:24} {value:12.4g}  {mark} {100 * change:+.1f} %  (was {before.value:.4g})")
        if (-change if name in HIGHER_IS_BETTER else change) > before.tolerance:
            worse.append(name)
    return lines, worse


def main(
    design: Annotated[str, typer.Option(help="Name of a file in designs/, or the path of a design file.")] = "tiny",
    target: Annotated[str, typer.Option(help="A process with cells, or a liberty file.")] = next(iter(with_cells())),
    blocks: GateBlocks = 4,
    update: Annotated[bool, typer.Option("--update", help="Keep the figures of this run.")] = False,
) -> None:
    """Measure, and compare with the figures kept."""
    try:
        layout = find_layout(design)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    command = ["power", "--design", design, "--target", target, "--blocks", str(blocks)]
    if subprocess.run([sys.executable, "-m", "flow", *command], check=False).returncode:
        raise typer.Exit(1)
    synthesis = SynthesisReport.model_validate_json((layout.synth(target) / "report.json").read_bytes())
    power = PowerReport.model_validate_json((layout.power(target) / "power.json").read_bytes())
    found = figures(synthesis, power)
    path = BASELINES / f"{layout.name}-{target_name(target)}.json"
    if update:
        kept = {name: Kept(value=value, tolerance=TOLERANCE) for name, value in found.items()}
        new = Baseline(
            design=design, target=target_name(target), spec_hash=power.spec_hash, blocks=power.blocks, figures=kept
        )
        write_text(path, new.model_dump_json(indent=1) + "\n")
        print(f"kept in {path.name}")
        return
    if not path.is_file():
        print(f"no figures kept of {design} on {target}; keep these with --update", file=sys.stderr)
        raise typer.Exit(1)
    baseline = Baseline.model_validate_json(path.read_bytes())
    lines, worse = compare(baseline, found)
    print(f"{design} on {target}, {power.blocks} blocks (kept: {baseline.blocks}):", *lines, sep="\n")
    if power.spec_hash != baseline.spec_hash:
        print("  the weights are others than those of the figures kept")
    if worse:
        print(f"worse than allowed: {', '.join(worse)}", file=sys.stderr)
        raise typer.Exit(1)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
