"""What each measure against power saves, and what the result depends on: one thing changed at a time, gate by gate."""

from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment
from experiments.gate_level import BLOCKS, GATE_TOOLS, measured_silicon
from experiments.outcome import Outcome, Parameters
from experiments.plots import subplots
from experiments.result import ExperimentResult

__all__ = ["EXPERIMENT"]

BASE: dict[str, str | int | float] = {
    "design": "neuropixels",
    "target": "ihp-sg13g2",
    "parameters": "ram",
    "weight_bits": 4,
    "activation_bits": 6,
    "latent_bits": 5,
    "stationary": "blocks",
    "fold": 1,
    "early_exit": 1,
    "blocks": BLOCKS,
}
FAST_MHZ = 40.0
CHANGES: dict[str, dict[str, str | int | float]] = {
    "nothing": {},
    "real spikes, of a Neuropixels probe": {"spikes": "probe"},
    "spikes of half the amplitude": {"amplitude": 0.5},
    "spikes of twice the amplitude": {"amplitude": 2.0},
    "slow corner, 1.08 V, 125 °C": {"corner": "slow"},
    f"clock of {FAST_MHZ:g} MHz": {"clock_mhz": FAST_MHZ},
    "early exit off": {"early_exit": 0},
    "clock gates off": {"clock_gates": 0},
    "operand isolation off": {"operand_isolation": 0},
    "multipliers shared": {"stationary": "none"},
    "multipliers of their own in project and search too": {"stationary": "all"},
    "weights of 8 bits": {"weight_bits": 8},
    "activations of 8 bits": {"activation_bits": 8},
    "latents of 8 bits": {"latent_bits": 8},
    "latents of 4 bits": {"latent_bits": 4},
}


def configurations() -> list[Configuration]:
    """The shape that takes the least energy, as it is and with each change."""
    return [
        Configuration(labels={"changed": name}, parameters=BASE | changed | {"change": name})
        for name, changed in CHANGES.items()
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Emit, map, simulate gate by gate, and add up."""
    return measured_silicon({key: value for key, value in parameters.items() if key != "change"})


def figure(result: ExperimentResult) -> Figure:
    """Energy of a spike against that of the unchanged shape."""
    drawn, (axes,) = subplots(1, (6.4, 2.8))
    energies = {row.labels["changed"]: row.metrics["nj_per_spike"].mean for row in result.rows}
    base = energies["nothing"]
    others = {name: value for name, value in energies.items() if name != "nothing"}
    bars = axes.barh(list(others), [100 * (value / base - 1) for value in others.values()], height=0.6)
    axes.bar_label(bars, [f"{value:.0f} nJ" for value in others.values()], padding=3, fontsize=7)
    axes.axvline(0, color="#444", lw=0.8)
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.set_xlabel(f"change of the energy per spike ({base:.0f} nJ), %")
    return drawn


EXPERIMENT = Experiment(
    name="silicon_knobs",
    title="Silicon: what each measure saves, and what the energy depends on",
    configurations=configurations,
    run=run,
    designs=("neuropixels",),
    tools=GATE_TOOLS,
    figure=figure,
    remarks=(
        f"{BASE['design']} on IHP SG13G2 with loadable weights of {BASE['weight_bits']} bits, activations of "
        f"{BASE['activation_bits']}, latents of {BASE['latent_bits']}, a multiplier for each weight in the residual "
        "blocks, and early exit; measured as in the table above. One thing is changed at a time. The slow corner "
        f"changes cells and their voltage, not the macros; with a clock of {FAST_MHZ:g} MHz cells are sized for it. "
        "Real spikes are the last ones of a third of a second of ten channels, filtered and detected as the others.",
    ),
)
