"""The analytic estimate against gate-level runs, and the costs that fit them best.

``python -m experiments.estimate`` prints the costs of :mod:`synth.targets.ihp_sg13g2` anew, by least squares over
the energies of all parts of all variants, and how far each variant is off; ``--update`` keeps them.
"""

import json
from typing import Annotated, get_args

import numpy as np
import typer
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import nnls

from experiments import silicon
from experiments.experiment import Configuration, Experiment
from experiments.gate_level import GATE_TOOLS, Measured, measured, metric_of, outcome_of
from experiments.outcome import Outcome, Parameters
from experiments.plots import subplots
from experiments.result import ExperimentResult
from rtl.pipeline import DEALERS, LOOPS
from rtl.shape.plan import Plan
from rtl.shape.work import Work
from spikecae.files import write_text
from synth.estimate.analytic import CONTROL, MEMORIES, estimate, work_of
from synth.power.power_report import PowerReport
from synth.targets.ihp_sg13g2 import WORK_PJ
from synth.targets.registry import PROCESSES

__all__ = ["EXPERIMENT", "energy_by_part", "fitted_costs"]

PROCESS = "ihp-sg13g2"
MEMORY_UNITS = ("store", "input_buffer")
"""Instances of the encoder that hold memories."""


def configurations() -> list[Configuration]:
    """Variants that were measured with placed wires on the process that the estimate is made for."""
    return [
        row for row in silicon.configurations() if row.parameters["target"] == PROCESS and "placed" in row.parameters
    ]


def energy_by_part(power: PowerReport, plan: Plan) -> dict[str, float]:
    """Energy of a spike, in nJ, by the parts that the estimate knows; what belongs to no stage and no parameter memory,
    and the clock tree, belong to control and clock."""
    names = {part.name: part.work_on for part in plan.parts}
    names |= dict.fromkeys([*MEMORY_UNITS, *LOOPS.values(), *DEALERS.values()], MEMORIES)
    found = dict.fromkeys([*dict.fromkeys(names.values())], 0.0)
    for unit, energy in power.energy_nj_per_spike_by_unit.items():
        part = next((names[name] for name in unit.split(".") if name in names), None)
        if part is not None:
            found[part] += energy
    return found | {CONTROL: power.energy_nj_per_spike - sum(found.values())}


def run(parameters: Parameters, seed: int) -> Outcome:
    """Estimate a variant, by the costs as they are and by those fitted to the others, and read, or make, its
    measurement."""
    found = measured(parameters)
    others = [measured(other.parameters) for other in configurations() if other.parameters != parameters]
    guess = estimate(found.plan, found.manifest, PROCESSES[PROCESS], found.synthesis.encoder)
    metrics = {"measured_nj": found.power.energy_nj_per_spike, "analytic_nj": guess.energy_nj_per_spike}
    metrics["error_percent"] = 100 * (metrics["analytic_nj"] / metrics["measured_nj"] - 1)
    metrics["error_left_out_percent"] = 100 * error_of(fitted_costs(others), found)
    for part, energy in energy_by_part(found.power, found.plan).items():
        metrics |= {metric_of(part): energy, f"analytic_{metric_of(part)}": guess.energy_nj_per_spike_by_kind[part]}
    return outcome_of(found, metrics)


def fitted_costs(variants: list[Measured]) -> dict[Work, float]:
    """Costs in pJ, none negative, of least squared error over all parts, each as a share of its variant's energy."""
    kinds: tuple[Work, ...] = get_args(Work)
    rows: list[NDArray[np.float64]] = []
    for found in variants:
        scale = 1000 * found.plan.spec.spikes * found.power.energy_nj_per_spike
        energies = energy_by_part(found.power, found.plan)
        for part, counts in work_of(found.plan, found.manifest).items():
            target = energies[part] / found.power.energy_nj_per_spike
            rows.append(np.array([*(counts.get(kind, 0.0) / scale for kind in kinds), target]))
    equations = np.stack(rows)
    costs, _ = nnls(equations[:, :-1], equations[:, -1])
    return dict(zip(kinds, costs.tolist(), strict=True))


def error_of(costs: dict[Work, float], found: Measured) -> float:
    """Of the energy of a variant by some costs, as a share of what was measured."""
    parts = work_of(found.plan, found.manifest).values()
    total = sum(costs[work] * count for counts in parts for work, count in counts.items())
    return total / (1000 * found.plan.spec.spikes * found.power.energy_nj_per_spike) - 1


def main(
    update: Annotated[bool, typer.Option("--update", help="keep them as what estimates are made by")] = False,
) -> None:
    """Fit the costs, and print them with the errors that they leave."""
    named = {" ".join(item.labels.values()): measured(item.parameters) for item in configurations()}
    costs = fitted_costs(list(named.values()))
    for work, cost in costs.items():
        typer.echo(f"{work:12s} {cost:8.3f} pJ")
    for name, found in named.items():
        typer.echo(f"{error_of(costs, found):+7.1%} {found.power.energy_nj_per_spike:6.0f} nJ {name}")
    if update:
        write_text(WORK_PJ, json.dumps({work: round(cost, 3) for work, cost in costs.items()}, indent=1) + "\n")


def figure(result: ExperimentResult) -> Figure:
    """Estimate against measurement."""
    drawn, (axes,) = subplots(1, (3.6, 3.4))
    exact, guess = (
        np.array([row.metrics[name].mean for row in result.rows]) for name in ("measured_nj", "analytic_nj")
    )
    top = 1.1 * max(exact.max(), guess.max())
    axes.plot([0, top], [0, top], color="#444", lw=0.8)
    axes.fill_between([0, top], [0, 0.8 * top], [0, 1.2 * top], color="#888", alpha=0.2, lw=0, label="within 20 %")
    axes.plot(exact, guess, "o", ms=5)
    axes.set_xlabel("gate by gate, nJ per spike")
    axes.set_ylabel("analytic, nJ per spike")
    axes.legend(loc="upper left", fontsize=7)
    return drawn


EXPERIMENT = Experiment(
    name="estimate",
    title="Silicon: the analytic estimate against gate-level runs",
    configurations=configurations,
    run=run,
    designs=("neuropixels", "wave_clus"),
    tools=GATE_TOOLS,
    figure=figure,
    remarks=(
        f"What ``make synth`` estimates without a process kit. Its {len(get_args(Work))} costs were fitted to "
        "these runs by least squares (``python -m experiments.estimate --update``), so that ``error_percent`` is that "
        "of the fit; ``error_left_out_percent`` is that of costs fitted to all other variants.",
    ),
)

if __name__ == "__main__":
    typer.run(main)
