"""Area, energy and power density from gates: the encoder in several shapes, with loadable and built-in parameters."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings, span
from experiments.gate_level import (
    ASSUMED,
    BLOCKS,
    FINE_TUNE_EPOCHS,
    GATE_TOOLS,
    KINDS,
    PLACED,
    TUNING,
    WIDTHS,
    measured_silicon,
    metric_of,
)
from experiments.outcome import Outcome, Parameters
from experiments.plots import subplots
from experiments.result import ExperimentResult, Row
from experiments.training import DESIGNS
from spikecae.design import ResNeXt, load_design
from synth.estimate.limit import LIMIT_UW_PER_MM2, RATE_HZ, spikes_within
from synth.power.wires import WIRE_PF
from synth.targets.registry import PROCESSES

__all__ = ["EXPERIMENT", "GOAL_NJ"]

GOAL_NJ = 180.0
"""With loaded parameters and placed wires."""
PAPER_NJ = 950.0
PAPER_CHANNELS_PER_MM2 = 20.0
SHARED, BLOCKS_OWN, CONVOLUTIONS_OWN, OWN = "none", "blocks", "convolutions", "all"
"""Where weights have multipliers of their own."""
FINE_TUNED = "fine-tuned"


class Tuning(NamedTuple):
    """How long integers are fine-tuned, and for how small products."""

    epochs: int
    energy_weight: float


class Shape(NamedTuple):
    """One row; bits of weights, activations and latents."""

    design: str = "neuropixels"
    target: str = "ihp-sg13g2"
    parameters: str = "ram"
    bits: tuple[int, int, int] = (4, 6, 5)
    stationary: str = BLOCKS_OWN
    fold: int = 1
    early_exit: int = 1
    placed: bool = False
    tuning: Tuning | None = None


NARROW = {"bias_bits": 12, "identity_shift": 6}
"""Room for biases and shifts where weights have 4 bits: theirs are smaller as much."""
FORMER = Shape(bits=(4, 5, 4), stationary=CONVOLUTIONS_OWN)
LEAST = Shape(bits=(4, 4, 4), stationary=CONVOLUTIONS_OWN, placed=True, tuning=Tuning(40, 10.0))
"""The least energy with loadable parameters: as ``neuropixels_narrow`` ships."""
AS_SHIPPED = Shape(bits=(8, 8, 8), placed=True, tuning=Tuning(24, 0.2))
SHAPES = (
    Shape(),
    Shape(parameters="rom"),
    Shape(stationary=CONVOLUTIONS_OWN),
    Shape(stationary=CONVOLUTIONS_OWN, parameters="rom"),
    FORMER,
    FORMER._replace(parameters="rom"),
    Shape(bits=(8, 8, 8), stationary=SHARED, fold=4, early_exit=0),
    Shape(bits=(8, 8, 8)),
    Shape(target="sky130", parameters="rom"),
    FORMER._replace(target="sky130", parameters="rom"),
    Shape(design="wave_clus"),
    FORMER._replace(design="wave_clus"),
    Shape(stationary=OWN),
    LEAST,
    LEAST._replace(parameters="rom"),
    LEAST._replace(target="sky130", parameters="rom"),
    LEAST._replace(design="wave_clus", tuning=Tuning(400, 10.0)),
    LEAST._replace(bits=(4, 5, 4)),
    AS_SHIPPED,
    AS_SHIPPED._replace(stationary=SHARED, fold=4, early_exit=0),
)


def configurations() -> list[Configuration]:
    """Narrow and wide values, own and shared multipliers, two processes, two designs; the least on real spikes too."""
    real = _row(FORMER)
    labels = {**real.labels, "design": "neuropixels, real spikes"}
    return [
        *map(_row, SHAPES),
        replace(real, labels=labels, parameters={**real.parameters, "spikes": "probe"}),
    ]


def _row(shape: Shape) -> Configuration:
    return Configuration(
        labels={
            "design": shape.design,
            "process": shape.target,
            "parameters": shape.parameters,
            "weights, activations, latents": ", ".join(map(str, shape.bits)) + " bits",
            "stationary": shape.stationary,
            "fold": str(shape.fold),
            "early exit": "on" if shape.early_exit else "off",
            "wires": PLACED if shape.placed else ASSUMED,
            **({FINE_TUNED: _said(shape.tuning)} if shape.tuning else {}),
        },
        parameters={
            "design": shape.design,
            "target": shape.target,
            "parameters": shape.parameters,
            **dict(zip(WIDTHS, shape.bits, strict=True)),
            "stationary": shape.stationary,
            "fold": shape.fold,
            "early_exit": shape.early_exit,
            "blocks": BLOCKS,
            **(NARROW if shape.bits[0] < 8 else {}),
            **({"placed": 1} if shape.placed else {}),
            **(dict(zip(TUNING, shape.tuning, strict=True)) if shape.tuning else {}),
        },
        paper={"nj_per_spike": PAPER_NJ, "channels_per_mm2": PAPER_CHANNELS_PER_MM2},
    )


def _said(tuning: Tuning) -> str:
    return f"{tuning.epochs} epochs, energy weight {tuning.energy_weight:g}"


def run(parameters: Parameters, seed: int) -> Outcome:
    """Emit, map, simulate gate by gate, and add up."""
    return measured_silicon(parameters)


def figure(result: ExperimentResult) -> Figure:
    """Energy of a spike by kind, one bar a row."""
    drawn, (axes,) = subplots(1, (7.4, 1.0 + 0.3 * len(result.rows)))
    names = [_in_short(row.labels) for row in result.rows]
    left = np.zeros(len(names))
    for kind in KINDS:
        values = np.array([row.metrics[metric_of(kind)].mean for row in result.rows])
        axes.barh(names, values, left=left, label=kind, height=0.6)
        left += values
    axes.axvline(GOAL_NJ, color="#444", lw=0.8, ls="--", label=f"goal, {GOAL_NJ:.0f} nJ")
    axes.invert_yaxis()
    axes.set_xlabel("energy per spike, nJ")
    said = (
        "design, process, parameters, bits of weights/activations/latents, where weights have multipliers of their own"
    )
    drawn.suptitle(said, fontsize=7, x=0.01, ha="left")
    drawn.legend(loc="outside lower center", ncols=4)
    return drawn


def _in_short(labels: Mapping[str, str]) -> str:
    """A row's name for a figure: nothing that every row is if it does not say otherwise."""
    bits = labels["weights, activations, latents"].removesuffix(" bits").replace(", ", "/")
    parts = [labels["design"], labels["process"], labels["parameters"], bits]
    parts.append("shared" if labels["stationary"] == SHARED else labels["stationary"])
    parts += [] if labels["fold"] == "1" else [f"fold {labels['fold']}"]
    parts += [PLACED] if labels["wires"] == PLACED else []
    parts += ["small products"] if FINE_TUNED in labels else []
    return ", ".join(parts)


def method(_: Findings) -> str:
    """How it is measured, and what is assumed."""
    clock_mhz = load_design(DESIGNS / f"{LEAST.design}.toml").hardware.clock_mhz
    density = PROCESSES[LEAST.target].density.value
    return (
        f"Mapped netlist, simulated with delays on {BLOCKS} blocks at full rate after its packets were found to be "
        f"golden's; transitions times Liberty tables, typical corner, {clock_mhz:g} MHz. Wires that are not "
        f"[placed](power.md#placed-wires) are {1e3 * WIRE_PF:g} fF for each pin; energies with less and more beside "
        f"it. placed_mm2 is cells at a density of {density:g}, and macros. channels: {RATE_HZ:g} spikes/s each, "
        f"within {LIMIT_UW_PER_MM2:g} µW/mm² of the encoder's own area, with the clock stopped between spikes. "
        "sndr_mean_db is that of the integers on all test spikes; rows that do not say how they are "
        f"fine-tuned are for {FINE_TUNE_EPOCHS} epochs where they have fewer than 8 bits, and else not."
    )


def with_a_running_clock(findings: Findings) -> str:
    """Channels of a chip whose clock nobody stops: what is not in the rows, but follows from them."""
    rows = [row for row in findings.rows if "placed_mm2" in row.metrics]
    least = findings.row(_row(LEAST).labels)
    return (
        "If the clock always runs, idle_clocked_uw goes on between spikes, and fewer channels are left: "
        f"{_clocked_channels(least)} of {least.metrics['channels_within_limit'].mean:.0f} for "
        f"{_in_short(least.labels)}; {span([_clocked_channels(row) for row in rows], 0)} over all rows."
    )


def _clocked_channels(row: Row) -> int:
    metrics, name = row.metrics, row.labels["design"].split(",")[0]
    design = load_design(DESIGNS / f"{name}.toml")
    cycles = ResNeXt.of(design.encoder).groups * design.block.samples * int(row.labels["fold"])
    within = spikes_within(
        LIMIT_UW_PER_MM2 * metrics["placed_mm2"].mean,
        nj_per_spike=metrics["nj_per_spike"].mean,
        spikes_per_s=design.hardware.clock_mhz * 1e6 / cycles * design.block.spikes,
        leakage_uw=metrics["leakage_uw"].mean,
        idle_uw=metrics["idle_clocked_uw"].mean,
    )
    return int(within / RATE_HZ)


EXPERIMENT = Experiment(
    name="silicon",
    title="Silicon: energy, area and power density, gate by gate",
    configurations=configurations,
    run=run,
    designs=("neuropixels", "wave_clus"),
    tools=GATE_TOOLS,
    figure=figure,
    remarks=(
        method,
        with_a_running_clock,
        "The paper's estimate is for another process (65 nm, Eyeriss), and for a search that is not on the chip; its "
        f"{PAPER_CHANNELS_PER_MM2:.0f} channels per mm² are 250 on 12 mm².",
        "SKY130 has no macros with trusted data: its memories are flip-flops.",
    ),
)
