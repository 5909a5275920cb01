"""Energy and area of the linear encoder, gate by gate: loadable and built in, by the spikes of a block, with placed
wires and assumed ones."""

import os
from functools import cache

import numpy as np
from matplotlib.figure import Figure

from experiments.code import code_of
from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.gate_level import ASSUMED, GATE_TOOLS, PLACED, POWER, figures_of, mapped, placed
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import WAVE_CLUS, MissingData, read
from experiments.training import BUILD, DESIGNS
from flow.fingerprint import hash_json, hash_path
from model.linear.fit import fit_linear
from quantize.linear.integers import integer_linear
from quantize.linear.measure import linear_quality
from rtl.planning import make_plan
from spikecae.design import Design, Hardware, load_design
from spikecae.evaluation.quality import SAMPLE_BITS
from spikecae.spec import EncoderSpec
from synth.power.measure import measure_power
from synth.power.power_report import PowerReport
from synth.power.wires import WIRE_PF
from synth.targets.find import cell_target

__all__ = ["EXPERIMENT"]

DATA = WAVE_CLUS["D2 0.05"]
MEASURED_SPIKES = 16
"""At full rate, in two blocks at least."""
BLOCK_SIZES = (1, 2, 8, 16)
PACKETS = {16: {"packet_blocks": 4}}
"""Where the design's packets would be too long."""
LINKS_PJ = (5.8, 50.0, 100.0)
"""Energy of a bit on the link."""
RAW_BITS = 64 * SAMPLE_BITS
"""Of a spike that is not encoded."""
NARROW_PF = 0.002
"""Of wire for a pin: a short one."""


def configurations() -> list[Configuration]:
    """Loadable and built in, on two processes, with assumed and with placed wires; then blocks of other sizes."""
    shapes = [("ihp-sg13g2", "ram", 4), ("ihp-sg13g2", "rom", 4), ("sky130", "rom", 4)]
    rows = [(*shape, wires) for wires in (ASSUMED, PLACED) for shape in shapes]
    rows += [("ihp-sg13g2", "ram", spikes, ASSUMED) for spikes in BLOCK_SIZES]
    return [
        Configuration(
            labels={
                "design": "lite",
                "process": target,
                "parameters": parameters,
                "spikes of a block": str(spikes),
                "wires": wires,
            },
            parameters={
                "target": target,
                "parameters": parameters,
                "spikes": spikes,
                **({"placed": 1} if wires == PLACED else {}),
                **PACKETS.get(spikes, {}),
            },
        )
        for target, parameters, spikes, wires in rows
    ]


@cache
def fitted(spikes: int) -> tuple[Design, EncoderSpec, float, float]:
    """``lite`` with blocks of so many spikes, its spec, and its SNDR in dB and bits a spike on test spikes."""
    base = load_design(DESIGNS / "lite.toml")
    design = base.model_copy(update={"block": base.block.model_copy(update={"spikes": spikes})})
    dataset = read(DATA, design)
    spec, model = integer_linear(design, fit_linear(design, dataset, design.training.seed), dataset)
    quality = linear_quality(design, spec, model, dataset.test)
    return design, spec, quality.sndr_mean_db, quality.bits_per_spike


def run(parameters: Parameters, seed: int) -> Outcome:
    """Emit, map, simulate gate by gate, and add up."""
    target, spikes = str(parameters["target"]), int(parameters["spikes"])
    cells = cell_target(target)
    if cells is None or not os.environ.get("PDK_ROOT"):
        raise MissingData(f"no cells of {target}; set PDK_ROOT to the folder that holds its process kit")
    design, spec, decibels, bits = fitted(spikes)
    asked = {key: parameters[key] for key in ("parameters", "packet_blocks") if key in parameters}
    knobs = design.hardware.model_dump() | asked
    design = design.model_copy(update={"hardware": Hardware.model_validate(knobs)})
    dataset = read(DATA, design)
    kit = hash_json([hash_path(file) for file in (cells.file(), *cells.macro_files().values())])
    made_of = {name: value for name, value in parameters.items() if name != "placed"}
    key = hash_json([code_of(mapped), spec.hash, kit, made_of])
    folder = BUILD / "silicon" / f"lite-{key[:16]}"
    mapping = mapped(design, spec, folder, cells).mapping
    if mapping is None:
        raise ValueError(f"{target} maps to no cells")
    place_dir = placed(folder, cells, kit, spec, dataset) if parameters.get("placed") else None
    measuring = hash_json([code_of(measure_power), place_dir and place_dir.name])
    report = folder / f"power-{measuring[:16]}" / POWER
    if not report.is_file():
        measure_power(
            spec,
            folder / "rtl",
            folder / "synth",
            cells,
            dataset.test.adc,
            report.parent,
            blocks=max(2, MEASURED_SPIKES // spikes),
            place_dir=place_dir,
        )
    power = PowerReport.model_validate_json(report.read_bytes())
    plan = make_plan(spec, design.hardware)
    energies = {wires.wire_pf_per_pin: wires.energy_nj_per_spike for wires in power.wires}
    narrow = float(np.interp(NARROW_PF, sorted(energies), [energies[pf] for pf in sorted(energies)]))
    macs = sum(layer.macs for part in plan.parts for layer in part.layers()) / spikes
    metrics = {
        "sndr_mean_db": decibels,
        "bits_per_spike": bits,
        "macs_per_spike": macs,
        **figures_of(power, mapping),
        f"nj_at_{1e3 * NARROW_PF:.0f}_ff_wires": narrow,
        "cycles_per_spike": power.cycles_per_block / spikes,
    }
    return Outcome(
        metrics=metrics,
        provenance=dataset.provenance,
        data=data_of(dataset) | {f"cells and macros of {target}": kit},
        specs={design.name: spec.hash},
    )


def figure(result: ExperimentResult) -> Figure:
    """Energy of a spike by the spikes of a block, loadable."""
    drawn, (axes,) = subplots(1, (5.2, 3.2))
    rows = [row for row in result.rows if row.labels["parameters"] == "ram" and row.labels.get("wires") != PLACED]
    rows.sort(key=lambda row: int(row.labels["spikes of a block"]))
    sizes = [int(row.labels["spikes of a block"]) for row in rows]
    for metric, label in (("nj_per_spike", f"{1e3 * WIRE_PF:g} fF a pin"), ("nj_at_2_ff_wires", "2 fF a pin")):
        axes.plot(sizes, [row.metrics[metric].mean for row in rows], "o-", label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("spikes of a block")
    axes.set_ylabel("energy per spike, nJ")
    axes.legend()
    return drawn


def method(_: Findings) -> str:
    """How it is measured."""
    return (
        f"Mapped netlist, simulated with delays on {MEASURED_SPIKES} test spikes at full rate, in two blocks at least, "
        "after its packets were found to be golden's; transitions times Liberty tables, typical corner, memories "
        "included. "
        f"Assumed wires are {1e3 * WIRE_PF:g} fF for each pin; at {1e3 * NARROW_PF:g} fF between the energies "
        f"at 0 and {1e3 * WIRE_PF:g} fF. Blocks of 4 are the shipped shape; the others are fitted anew."
    )


def with_the_link(findings: Findings) -> str:
    """What an implant spends on a spike altogether, encoded and not."""
    labels = {"process": "ihp-sg13g2", "spikes of a block": "4", "wires": ASSUMED}
    said = []
    for link_pj in LINKS_PJ:
        raw = RAW_BITS * link_pj / 1e3
        both = [
            findings.mean("nj_per_spike", labels | {"parameters": parameters})
            + findings.mean("bits_per_spike", labels | {"parameters": parameters}) * link_pj / 1e3
            for parameters in ("ram", "rom")
        ]
        said.append(f"{raw:.1f} and {both[0]:.1f} ({both[1]:.1f}) nJ at {link_pj:g} pJ a bit")
    return (
        f"Encoder and link together: a spike of {RAW_BITS} bits sent as it is, and encoded with loaded (built-in) "
        f"parameters, takes {'; '.join(said)}. Below break_even_pj_per_bit for a bit, sending all is cheaper."
    )


def with_placed_wires(findings: Findings) -> str:
    """What a placement makes of the energy."""
    said = []
    for process, parameters in (("ihp-sg13g2", "ram"), ("ihp-sg13g2", "rom"), ("sky130", "rom")):
        labels = {"process": process, "parameters": parameters, "spikes of a block": "4"}
        of_placed, of_assumed = labels | {"wires": PLACED}, labels | {"wires": ASSUMED}
        found = findings.row(of_placed).metrics
        said.append(
            f"{process}, {parameters}: {found['nj_per_spike'].mean:.1f} nJ with placed wires of "
            f"{found['wire_um_per_sink'].mean:.1f} µm = {found['wire_ff_per_sink'].mean:.1f} fF a pin, "
            f"{findings.mean('nj_per_spike', of_assumed):.1f} with assumed ones"
        )
    return (
        f"{'; '.join(said)}. Placed: cells, macros and ports as `make place` lays them out, wires by the boxes around "
        "their pins; not routed; with a clock tree of buffers and wires in place of a buffer for every 16 pins "
        "([how](power.md#placed-wires)). Such a row's energies at 0, 2, 5 and 10 fF are of its own activity."
    )


EXPERIMENT = Experiment(
    name="lite_silicon",
    title="Silicon: the linear encoder, gate by gate",
    configurations=configurations,
    run=run,
    designs=("lite",),
    tools=GATE_TOOLS,
    figure=figure,
    remarks=(
        method,
        with_placed_wires,
        with_the_link,
        "SKY130 has no macros with trusted data: its memories are flip-flops.",
    ),
)
