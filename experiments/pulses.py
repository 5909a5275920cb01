"""What the energy of a shipped encoder depends on which pulses leave a gate."""

import os

from experiments.code import code_of
from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.gate_level import GATE_TOOLS, POWER, mapped
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sources import WAVE_CLUS, MissingData, read
from experiments.training import BUILD, DESIGNS
from flow.fingerprint import hash_json, hash_path
from spikecae.design import load_design
from spikecae.spec import load_spec
from synth.gates.pulse_filter import PASSING, Filter
from synth.power.measure import measure_power
from synth.power.power_report import PowerReport
from synth.targets.find import cell_target

__all__ = ["EXPERIMENT"]

TARGET = "ihp-sg13g2"
FILES = {"lite": WAVE_CLUS["D2 0.05"]}
BLOCKS = 4
USUAL: Filter = "slew"


def configurations() -> list[Configuration]:
    """Each rule."""
    return [
        Configuration(
            {"design": name, "pulses that leave a gate": PASSING[passing]}, {"design": name, "pulses": passing}
        )
        for name in FILES
        for passing in PASSING
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Map the shipped encoder once, and measure it with one rule."""
    name, passing = str(parameters["design"]), next(rule for rule in PASSING if rule == parameters["pulses"])
    cells = cell_target(TARGET)
    if cells is None or not os.environ.get("PDK_ROOT"):
        raise MissingData(f"no cells of {TARGET}; set PDK_ROOT to the folder that holds its process kit")
    design, spec = load_design(DESIGNS / f"{name}.toml"), load_spec(DESIGNS / name)
    dataset = read(FILES[name], design)
    kit = hash_json([hash_path(file) for file in (cells.file(), *cells.macro_files().values())])
    folder = (
        BUILD / "silicon" / f"shipped-{hash_json([code_of(mapped), spec.hash, kit, design.hardware.model_dump()])[:16]}"
    )
    mapped(design, spec, folder, cells)
    report = folder / f"power-{hash_json([code_of(measure_power), dict(parameters), dataset.sha256])[:16]}" / POWER
    if not report.is_file():
        measure_power(
            spec,
            folder / "rtl",
            folder / "synth",
            cells,
            dataset.test.adc,
            report.parent,
            blocks=BLOCKS,
            passing=passing,
        )
    power = PowerReport.model_validate_json(report.read_bytes())
    return Outcome(
        metrics={
            "nj_per_spike": power.energy_nj_per_spike,
            **({} if power.isolated_nj_per_spike is None else {"isolated_nj_per_spike": power.isolated_nj_per_spike}),
            "nets_nj": power.energy_nj_per_spike_by_kind["nets"],
            "gates_nj": power.energy_nj_per_spike_by_kind["gates"],
            "glitch_percent_of_nets": 100 * power.busy.glitch_share,
            "transitions_per_spike": power.busy.transitions / power.spikes,
        },
        provenance=dataset.provenance,
        data=data_of(dataset) | {f"cells and macros of {TARGET}": kit},
        specs={design.name: spec.hash},
    )


def method(findings: Findings) -> str:
    """How far the rules lie apart."""
    said = []
    for name in FILES:
        energies = {
            passing: findings.mean("nj_per_spike", {"design": name, "pulses that leave a gate": PASSING[passing]})
            for passing in PASSING
        }
        usual = energies[USUAL]
        others = [
            f"{100 * (energies[passing] / usual - 1):+.0f} % ({passing})" for passing in energies if passing != USUAL
        ]
        said.append(
            f"`{name}` takes {usual:.2f} nJ per spike by the rule that is used; with others {', '.join(others)}"
        )
    return (
        f"As shipped on {TARGET}, assumed wires, {BLOCKS} blocks at full rate, all packets golden's. "
        f"{'; '.join(said)} ([the rules](power.md#short-pulses))."
    )


EXPERIMENT = Experiment(
    name="pulses",
    title="Silicon: which pulses leave a gate",
    configurations=configurations,
    run=run,
    designs=tuple(FILES),
    tools=GATE_TOOLS,
    remarks=(method,),
)
