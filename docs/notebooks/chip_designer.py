# %% [markdown]
# # From a design file to a chip
#
# A design's shape is chosen, its Verilog emitted, simulated against the golden model and counted; then what its
# spikes cost, estimated here and measured gate by gate. This is a notebook as text
# (`docs/notebooks/chip_designer.py`), run in a checkout; Jupyter opens it with
# [Jupytext](https://jupytext.readthedocs.io).

# %%
import json
import os
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt

from rtl.planning import make_plan
from spikecae.design import load_design
from spikecae.spec import load_spec


def make(*words: str) -> None:
    """What one types into a terminal, with what it prints; Jupyter would have it in colors."""
    plain = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    command = ["make", "--no-print-directory", *words]
    print(subprocess.run(command, env=plain, capture_output=True, text=True, check=True).stdout)


# %% [markdown]
# ## Shape
#
# Before anything is emitted, a plan of the hardware tells multipliers, memory and cycles. `hardware.fold` is how many
# cycles a sample takes: the more, the fewer multipliers.

# %%
design, spec = load_design(Path("designs/neuropixels_small.toml")), load_spec(Path("designs/neuropixels_small"))
folds = (1, 2, 4, 8, 16)
plans = [make_plan(spec, design.hardware.model_copy(update={"fold": fold})) for fold in folds]
for fold, plan in zip(folds, plans, strict=True):
    cycles, busy = f"{plan.cycles_per_block:6,} cycles a block", f"{plan.utilisation:.0%} busy"
    print(f"fold {fold:2}: {plan.multipliers:3} multipliers, {cycles}, {busy}")

figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
rate = [design.hardware.clock_mhz * 1e6 / plan.cycles_per_block * spec.spikes for plan in plans]
multipliers = [plan.multipliers for plan in plans]
axis.loglog(multipliers, rate, "o-")
axis.set_xticks(multipliers, [f"{count}\nfold {fold}" for count, fold in zip(multipliers, folds, strict=True)])
axis.set_yticks(rate, [f"{spikes_per_s:,.0f}" for spikes_per_s in rate])
axis.minorticks_off()
axis.set(xlabel="multipliers of the convolutions", ylabel=f"spikes/s at {design.hardware.clock_mhz:g} MHz")
plt.show()

# %% [markdown]
# ## Verilog, simulated
#
# The small design `tiny`, from its shipped spec. `make sim` compares every value of every stage with the golden
# model, and every byte.

# %%
make("rtl", "DESIGN=tiny")
make("sim", "DESIGN=tiny", "BLOCKS=16")
results = json.loads(Path("build/tiny/sim/results.json").read_text())
assert results["mismatches"] == 0
for stage, mismatches in results["mismatches_by_stage"].items():
    print(f"{stage:16} {mismatches} mismatches")

# %% [markdown]
# ## Counted and estimated
#
# Yosys counts multipliers, registers and memories; costs that were fitted to gate-level runs make a first estimate of
# energy and area. Idle clock and leakage are not in it.

# %%
make("synth", "DESIGN=tiny")
report = json.loads(Path("build/tiny/synth/generic/report.json").read_text())
estimate = report["estimates"][0]
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
for axis, key, unit in zip(
    axes, ("energy_nj_per_spike_by_kind", "area_mm2_by_kind"), ("nJ a spike", "mm²"), strict=True
):
    kinds = sorted(estimate[key].items(), key=lambda item: item[1])
    axis.barh([kind for kind, _ in kinds], [value for _, value in kinds])
    axis.set_xlabel(f"{unit}, {estimate['node']}, estimated")
plt.show()

# %% [markdown]
# ## Measured gate by gate
#
# With a process kit, `make power TARGET=ihp-sg13g2` runs the netlist on spikes and adds up every transition. That
# takes long; here are the rows that are kept in `experiments/results/silicon.json` ([the
# table](../results.md#silicon-energy-area-and-power-density-gate-by-gate), repeated by `make experiment
# NAME=silicon`): energy with placed wires, by kind.

# %%
rows = json.loads(Path("experiments/results/silicon.json").read_text())["rows"]
placed = [row for row in rows if row["labels"]["wires"] == "placed"]
kinds = {"nets": "nets_nj", "gates": "gates_nj", "flip-flops": "flip_flops_nj", "clock": "clock_pins_and_gates_nj"}
kinds |= {"clock tree": "clock_tree_nj", "memories": "memories_nj"}
shown = ("design", "process", "parameters", "weights, activations, latents")
names = [", ".join((*(row["labels"][key] for key in shown), f"fold {row['labels']['fold']}")) for row in placed]
figure, axis = plt.subplots(figsize=(10, 0.5 * len(placed) + 1.2), layout="constrained")
left = [0.0] * len(placed)
for kind, key in kinds.items():
    values = [row["metrics"][key]["mean"] for row in placed]
    axis.barh(range(len(placed)), values, left=left, label=kind)
    left = [total + value for total, value in zip(left, values, strict=True)]
axis.set_yticks(range(len(placed)), names)
axis.set_xlabel("nJ a spike, placed wires")
figure.legend(loc="outside upper center", ncols=len(kinds))
plt.show()

# %% [markdown]
# [My chip, my SoC](../chip_to_soc.md) goes on with the Verilog; [power](../power.md) says how energy is measured,
# [limits](../limits.md) what is not in it.
