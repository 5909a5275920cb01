"""Area, energy and power density from gates: the encoder at several folds, with loadable and built-in parameters."""

import os

import numpy as np
from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment, Outcome, Parameters
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import WAVE_CLUS, MissingData, read
from experiments.training import BUILD, DESIGNS
from rtl.emit import emit
from spikecae.design import Hardware, load_design
from spikecae.spec import load_spec
from synth.power import measure_power
from synth.stage import synthesize
from synth.targets.find import cell_target

__all__ = ["EXPERIMENT"]

FILES = {"neuropixels": None, "wave_clus": WAVE_CLUS["D2 0.05"]}
"""The spikes of each design; None for the embedded recording."""
KINDS = ("gates", "nets", "flip-flops", "clock pins and gates", "clock tree", "memories")
GOAL_NJ = 250.0
PAPER_NJ = 950.0
PAPER_CHANNELS_PER_MM2 = 20.0


def configurations() -> list[Configuration]:
    """Folds with parameters in RAM; ROM at the smallest fold; another process; another design."""
    cases = [
        ("neuropixels", "ihp-sg13g2", "ram", 1, "on"),
        ("neuropixels", "ihp-sg13g2", "ram", 4, "off"),
        ("neuropixels", "ihp-sg13g2", "rom", 1, "on"),
        ("neuropixels", "ihp-sg13g2", "ram", 1, "off"),
        ("neuropixels", "sky130", "rom", 1, "on"),
        ("wave_clus", "ihp-sg13g2", "ram", 1, "on"),
        ("neuropixels", "ihp-sg13g2", "ram", 2, "off"),
    ]
    return [
        Configuration(
            labels={
                "design": design,
                "process": target,
                "parameters": parameters,
                "fold": str(fold),
                "early exit": early_exit,
            },
            parameters={
                "design": design,
                "target": target,
                "parameters": parameters,
                "fold": fold,
                "early_exit": early_exit,
                "blocks": 2,
            },
            paper={"nj_per_spike": PAPER_NJ, "channels_per_mm2": PAPER_CHANNELS_PER_MM2},
        )
        for design, target, parameters, fold, early_exit in cases
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Emit, map, simulate gate by gate, and add up."""
    name, target = str(parameters["design"]), str(parameters["target"])
    cells = cell_target(target)
    if cells is None or not os.environ.get("PDK_ROOT"):
        raise MissingData(f"no cells of {target}; set PDK_ROOT to the folder that holds its process kit")
    design = load_design(DESIGNS / f"{name}.toml")
    knobs = {key: parameters[key] for key in ("fold", "parameters")} | {"early_exit": parameters["early_exit"] == "on"}
    hardware = Hardware.model_validate(design.hardware.model_dump() | knobs)
    design = design.model_copy(update={"hardware": hardware})
    spec = load_spec(DESIGNS / name)
    folder = (
        BUILD
        / "silicon"
        / "-".join(str(parameters[key]) for key in ("design", "target", "parameters", "fold", "early_exit"))
    )
    manifest = emit(spec, hardware, folder / "rtl")
    synthesis = synthesize(design, spec, folder / "rtl", folder / "synth", target)
    mapping = synthesis.mapping
    if mapping is None:
        raise ValueError(f"{target} maps to no cells")
    dataset = read(FILES[name], design)
    power = measure_power(
        spec, folder / "rtl", folder / "synth", cells, dataset.test.adc, folder, blocks=int(parameters["blocks"])
    )
    metrics = {
        "nj_per_spike": power.energy_nj_per_spike,
        "cells_mm2": mapping.area_um2 / 1e6,
        "critical_path_ns": power.critical_path.ns,
        "glitch_percent_of_nets": 100 * power.busy.glitch_share,
        "gated_percent": 100 * mapping.gated_share,
        "leakage_uw": power.leakage_uw,
        "idle_clocked_uw": power.idle_clocked_uw,
        "multipliers": float(manifest.multipliers + manifest.search_multipliers),
        **{_metric(kind): power.energy_nj_per_spike_by_kind[kind] for kind in KINDS},
        **{f"nj_at_{1e3 * w.wire_pf_per_pin:.0f}_ff_wires": w.energy_nj_per_spike for w in power.wires},
    }
    if mapping.macro_area_um2 is not None and power.budget is not None:
        budget = power.budget
        metrics |= {
            "macros_mm2": mapping.macro_area_um2 / 1e6,
            "placed_mm2": budget.area_mm2,
            "channels_within_limit": float(budget.channels_within_limit),
            "channels_per_mm2": budget.channels_per_mm2,
            "uw_per_channel": budget.uw_per_channel,
            "break_even_pj_per_bit": budget.break_even_pj_per_bit,
        }
    return Outcome(metrics=metrics, provenance=dataset.provenance)


def _metric(kind: str) -> str:
    return f"{kind.replace(' ', '_').replace('-', '_')}_nj"


def figure(result: ExperimentResult) -> Figure:
    """Energy of a spike by kind, one bar a row."""
    drawn, (axes,) = subplots(1, (6.4, 3.2))
    names = [" ".join(row.labels.values()) for row in result.rows]
    left = np.zeros(len(names))
    for kind in KINDS:
        values = np.array([row.metrics[_metric(kind)].mean for row in result.rows])
        axes.barh(names, values, left=left, label=kind, height=0.6)
        left += values
    axes.axvline(GOAL_NJ, color="#444", lw=0.8, ls="--", label=f"goal, {GOAL_NJ:.0f} nJ")
    axes.invert_yaxis()
    axes.set_xlabel("energy per spike, nJ")
    drawn.legend(loc="outside lower center", ncols=4)
    return drawn


EXPERIMENT = Experiment(
    name="silicon",
    title="Silicon: energy, area and power density, gate by gate",
    configurations=configurations,
    run=run,
    figure=figure,
    remarks=(
        "Mapped netlist, simulated with delays on two blocks at full rate after its packets were found to be golden's; "
        "transitions times Liberty tables, typical corner, 20 MHz. Wires are 5 fF for each pin; energies at 0 and "
        "10 fF beside it. placed_mm2 is cells at a density of 0.7, and macros. channels: 20 spikes/s each, within "
        "400 µW/mm² of the encoder's own area, the clock standing still between spikes.",
        "The paper's estimate is for another process (65 nm, Eyeriss), and for a search that is not on the chip; its "
        "20 channels per mm² are 250 on 12 mm².",
        "SKY130 has no macros with trusted data: its memories are flip-flops.",
    ),
)
