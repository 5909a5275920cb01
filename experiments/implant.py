"""A whole implant, gate by gate: detector and linear encoder, from raw samples to packets, by channels."""

import os
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.code import code_of
from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.gate_level import ASSUMED, GATE_TOOLS, PLACED, placed_by
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult, Statistic
from experiments.sources import WAVE_CLUS, MissingData, read
from experiments.training import BUILD, DESIGNS
from flow.fingerprint import hash_json, hash_path
from model.linear.fit import fit_linear
from quantize.linear.integers import integer_linear
from quantize.linear.measure import linear_quality
from rtl.emit import emit
from rtl.files import COMPRESSOR
from sim.emitted import load_manifest
from spikecae.design import Design, Hardware, load_design
from spikecae.design.recording import Detector
from spikecae.evaluation.quality import SAMPLE_BITS
from spikecae.front_end.front_end import FrontEnd, front_end_of
from spikecae.spec import EncoderSpec
from synth.power.background import heard_by
from synth.power.implant import measure_implant
from synth.power.implant_report import ImplantReport
from synth.power.listening import transitions_of_implant
from synth.stage import synthesize
from synth.targets.cells import CellTarget
from synth.targets.find import cell_target

__all__ = ["EXPERIMENT"]

DATA = WAVE_CLUS["D2 0.05"]
CHANNELS = (16, 64, 128, 256)
MOST_CHANNELS = 512
"""Of a row without placed wires."""
RATE_HZ = 30000.0
PARTS = ("noise_estimate", "detection", "buffer", "encoder", "packets", "registers_and_control")
CODE_BITS, LSB = 8, 0.016
"""Of the converter: spikes fill a third of its range, the noise is 6 codes deep."""
NOISE_SHIFT = 7
"""So that the noise settles within what can be simulated, and errs by too little for false spikes."""
FOLD, MACRO_ROWS = 64, "long"
"""Of the smallest: its encoder has time, as an event comes every 1500 cycles."""
LARGER_FOLD, LARGER_ROWS = 32, "balanced"
"""Of one that takes more area, and less energy."""
BUILT_IN = {"parameters": "rom", "wires": PLACED, "fold": str(FOLD)}
"""Of the rows that are told of; with the channels, they name one without a filter."""
REPORT = "implant.json"
Metrics = dict[str, Statistic]
FILTER = "band-pass"
FILTERS = {"high_pass": "from 300 Hz, order 1", "band_pass": "300 to 6000 Hz, order 1"}
"""On the chip; the band's edges are those of ``lite``."""


def configurations() -> list[Configuration]:
    """Built in, by channels, with wires assumed and placed; and what loading parameters adds, a band-pass, or a shape
    that is not the smallest."""
    small, large = (FOLD, MACRO_ROWS), (LARGER_FOLD, LARGER_ROWS)
    rows = [*((channels, "rom", "none", wires, small) for wires in (ASSUMED, PLACED) for channels in CHANNELS)]
    rows += [(MOST_CHANNELS, "rom", "none", ASSUMED, small), (128, "rom", "none", ASSUMED, (FOLD, LARGER_ROWS))]
    rows += [(128, "ram", "none", wires, large) for wires in (ASSUMED, PLACED)]
    rows += [(128, "rom", kind, ASSUMED, large) for kind in FILTERS]
    rows += [(128, "rom", "none", PLACED, large)]
    return [
        Configuration(
            labels={
                "design": "lite",
                "process": "ihp-sg13g2",
                "parameters": parameters,
                "channels": str(channels),
                "fold": str(fold),
                "converter": f"{CODE_BITS} bits",
                **({"macro rows": macro_rows} if macro_rows != LARGER_ROWS else {}),
                **({"wires": wires} if wires == PLACED else {}),
                **({FILTER: FILTERS[kind]} if kind in FILTERS else {}),
            },
            parameters={
                **{"channels": channels, "parameters": parameters, "target": "ihp-sg13g2"},
                **{"fold": fold, "macro_rows": macro_rows},
                **({"placed": 1} if wires == PLACED else {}),
                **({"filter": kind} if kind in FILTERS else {}),
            },
        )
        for channels, parameters, kind, wires, (fold, macro_rows) in rows
    ]


@cache
def fitted() -> tuple[Design, EncoderSpec, float, float]:
    """``lite`` with a spike a block and a converter of 8 bits, its spec, and its SNDR in dB and bits a spike."""
    base = load_design(DESIGNS / "lite.toml")
    changes = {
        "block": base.block.model_copy(update={"spikes": 1}),
        "adc": base.adc.model_copy(update={"bits": CODE_BITS, "lsb": LSB}),
    }
    design = base.model_copy(update=changes)
    dataset = read(DATA, design)
    spec, model = integer_linear(design, fit_linear(design, dataset, design.training.seed), dataset)
    quality = linear_quality(design, spec, model, dataset.test)
    return design, spec, quality.sndr_mean_db, quality.bits_per_spike


def run(parameters: Parameters, seed: int) -> Outcome:
    """Emit detector and encoder, map them, let the netlist hear noise and spikes, and add up."""
    target, channels = str(parameters["target"]), int(parameters["channels"])
    cells = cell_target(target)
    if cells is None or not os.environ.get("PDK_ROOT"):
        raise MissingData(f"no cells of {target}; set PDK_ROOT to the folder that holds its process kit")
    base, spec, decibels, bits = fitted()
    dataset = read(DATA, base)
    contacts = [[0.0, 20.0 * number] for number in range(channels)]
    knobs = base.hardware.model_dump() | {key: parameters[key] for key in ("parameters", "fold", "macro_rows")}
    design = base.model_copy(
        update={
            "hardware": Hardware.model_validate(knobs),
            "recording": base.recording.model_copy(update={"sampling_rate_hz": RATE_HZ}),
            "front_end": Detector.model_validate(
                {"contacts_um": contacts, "noise_shift": NOISE_SHIFT, "filter": parameters.get("filter", "none")}
            ),
        }
    )
    front_end = front_end_of(design, channels, noise_shift=NOISE_SHIFT)
    kit = hash_json([hash_path(file) for file in (cells.file(), *cells.macro_files().values())])
    made = {name: value for name, value in parameters.items() if name != "placed"}
    key = hash_json([code_of(mapped_whole), spec.hash, kit, made, CODE_BITS, NOISE_SHIFT, RATE_HZ])
    folder = BUILD / "silicon" / f"implant-{key[:16]}"
    if not (folder / "synth" / "report.json").is_file():
        mapped_whole(design, spec, front_end, folder, cells, dataset.test.adc)
    files, adc = (folder / "rtl", folder / "synth"), dataset.test.adc
    place_dir = None
    if parameters.get("placed"):
        counted = hash_json([code_of(transitions_of_implant), kit, dataset.sha256])
        place_dir = placed_by(
            lambda: transitions_of_implant(design, spec, front_end, *files, cells, adc),
            folder,
            cells,
            counted,
            COMPRESSOR,
        )
    measuring = hash_json([code_of(measure_implant), place_dir and place_dir.name])
    report = folder / f"power-{measuring[:16]}" / REPORT
    if not report.is_file():
        measure_implant(design, spec, front_end, *files, cells, adc, report.parent, place_dir=place_dir)
    found = ImplantReport.model_validate_json(report.read_bytes())
    return Outcome(
        metrics=figures_of(found) | {"sndr_mean_db": decibels, "bits_per_spike": bits},
        provenance=dataset.provenance,
        data=data_of(dataset) | {f"cells and macros of {target}": kit},
        specs={design.name: spec.hash},
    )


def mapped_whole(
    design: Design, spec: EncoderSpec, front_end: FrontEnd, folder: Path, cells: CellTarget, adc: NDArray[np.int16]
) -> None:
    """Emit ``spec`` behind a detector that finds test spikes, and map both to ``cells``, in ``folder``."""
    emit(spec, design.hardware, folder / "rtl", front_end, block=design.block.kind)
    heard_by(design, front_end, load_manifest(folder / "rtl", COMPRESSOR), adc)  # told before minutes of mapping
    synthesize(design, spec, folder / "rtl", folder / "synth", cells, whole=True)


def figures_of(found: ImplantReport) -> dict[str, float]:
    """Power and area of a channel, by part."""
    parts = {part.name.replace(" ", "_"): part for part in found.parts}
    return {
        "uw_per_channel": found.uw_per_channel,
        "um2_per_channel": found.um2_per_channel,
        "pj_per_sample": found.pj_per_sample,
        "nj_per_spike": found.nj_per_event,
        "leakage_uw_per_channel": found.leakage_uw_per_channel,
        **{f"{name}_uw": part.uw_per_channel for name, part in parts.items()},
        **{f"{name}_um2": part.um2_per_channel for name, part in parts.items()},
        "clock_mhz": found.clock_mhz,
        "critical_path_ns": found.critical_path.ns,
    }


def figure(result: ExperimentResult) -> Figure:
    """Power and area of a channel by the number of channels, built in, with wires placed."""
    drawn, (power, area) = subplots(2, (7.2, 3.0))
    rows = [
        row
        for row in result.rows
        if (row.labels["parameters"], row.labels.get("wires"), row.labels["fold"]) == ("rom", PLACED, str(FOLD))
    ]
    rows.sort(key=lambda row: int(row.labels["channels"]))
    channels = [int(row.labels["channels"]) for row in rows]
    for axes, metric, label in ((power, "uw_per_channel", "µW a channel"), (area, "um2_per_channel", "µm² a channel")):
        values = [row.metrics[metric].mean for row in rows]
        axes.plot(channels, values, "o-")
        axes.set_xscale("log", base=2)
        axes.set_xticks(channels, [str(count) for count in channels])
        axes.set_ylim(0, 1.15 * max(values))
        axes.set_xlabel("channels")
        axes.set_ylabel(label)
    return drawn


def of_128(findings: Findings) -> Metrics:
    """What 128 channels take, built in, with wires placed, without a filter."""
    return findings.row({"channels": "128", **BUILT_IN}).metrics


def larger(findings: Findings) -> str:
    """Area and power pull against each other."""
    own = of_128(findings)
    other = findings.row({"channels": "128", **BUILT_IN, "fold": str(LARGER_FOLD)}).metrics
    area, power = (other[name].mean for name in ("um2_per_channel", "uw_per_channel"))
    added, spared = area - own["um2_per_channel"].mean, own["uw_per_channel"].mean - power
    return (
        f"Less area is more power. These chips are as small as they go: fold {FOLD}, and `macro_rows = "
        f'"{MACRO_ROWS}"`. With fold {LARGER_FOLD} and {LARGER_ROWS} rows a channel takes {area:,.0f} µm² and '
        f"{power:.2f} µW, {added:,.0f} µm² more and {spared:.2f} µW less."
    )


def filtering(findings: Findings) -> str:
    """What a filter takes, by its edges."""
    rows = {edges: findings.row({FILTER: edges}).metrics for edges in FILTERS.values()}
    told = [
        f"{edges}: {found['band-pass_uw'].mean:.2f} µW and {found['band-pass_um2'].mean:,.0f} µm² a channel"
        for edges, found in rows.items()
    ]
    return f"A [band-pass](front_end.md#band-pass) in front of the detector, leakage apart: {'; '.join(told)}."


def method(_: Findings) -> str:
    """How it is measured."""
    return (
        "As `make power WHOLE=1` measures ([how](power.md#a-whole-implant)): Gaussian noise on all channels, as deep "
        "as between the test spikes, then 8 test spikes in it; packets, with channels and times, as golden. "
        f"{RATE_HZ / 1e3:g} kS/s, 20 spikes/s a channel; wires are "
        f"{ASSUMED}, but in rows that say [placed](power.md#placed-wires). The spikes were recorded at 24 kS/s and are "
        f"played as they are. A block is a spike, as channels take turns. "
        "Events have as many [places](front_end.md#snippets) as lose no more than one in 10,000. "
        f"The converter has {CODE_BITS} bits. In: "
        "noise estimate, detection, circular buffer, encoder, packets, registers, clock and leakage; out: amplifiers, "
        "converter, pads, radio, and a band-pass but in the rows that name one; there the same spikes go through it. "
        f"noise_shift is {NOISE_SHIFT}, so that the detector settles soon."
    )


def beside_others(findings: Findings) -> str:
    """Neighbours in the literature, with what theirs have in them."""
    own = of_128(findings)
    return (
        f"At 128 channels a channel takes {own['uw_per_channel'].mean:.2f} µW and {own['um2_per_channel'].mean:,.0f} "
        f"µm² here, with placed wires, of which noise estimate, detection and buffer are "
        f"{sum(own[f'{part}_uw'].mean for part in ('noise_estimate', 'detection', 'buffer')):.2f} µW. Others, measured "
        "on chips: a spike detector alone, 28 nm, 1,024 channels, 1.4 µW and 230 µm² (Saggese and Strollo 2022); an "
        "in-memory detector alone, 65 nm, 23.9 nW and 375 µm² (2025); a spike compressor by salient samples and curve "
        "fitting, 130 nm, 1 V, 128 channels at 8 spikes/s, 0.164 µW and 2,870 µm² (Nekoui and Sodagar 2025). Only the "
        "last is of this process's age and has detection and compression in it."
    )


def whole(findings: Findings) -> str:
    """What a spike costs in quality and bits, and on a link."""
    own = of_128(findings)
    return (
        f"Eight bits of converter leave {own['sndr_mean_db'].mean:.1f} dB at {own['bits_per_spike'].mean:.1f} bits a "
        f"spike, of {64 * SAMPLE_BITS} bits; all samples of a channel would be "
        f"{RATE_HZ * CODE_BITS / 1e3:g} kbit/s."
    )


def by_part(findings: Findings) -> str:
    """Where area and power of 128 channels go."""
    own = of_128(findings)
    parts = sorted(PARTS, key=lambda part: -own[f"{part}_um2"].mean)
    told = [
        f"{part.replace('_', ' ')} {own[f'{part}_um2'].mean:,.0f} µm² and {own[f'{part}_uw'].mean:.2f} µW"
        for part in parts
    ]
    leakage = own["leakage_uw_per_channel"].mean
    return f"Of a channel's share there, {'; '.join(told)}; leakage is {leakage:.2f} µW."


def area(findings: Findings) -> str:
    """What of the area there is once, and what for each channel."""
    ends = CHANNELS[0], CHANNELS[-1]
    few, many = (count * findings.mean("um2_per_channel", {"channels": str(count), **BUILT_IN}) for count in ends)
    each = (many - few) / (ends[1] - ends[0])
    once = few - each * ends[0]
    return (
        f"Of the area {once / 1e6:.2f} mm² are there once, whatever the channels: encoder, packets, registers and the "
        f"detector's arithmetic. {each:,.0f} µm² come with each channel, nearly all of it memory: its last "
        "samples, its noise estimate and its search for a peak, in the process's macros. "
    )


EXPERIMENT = Experiment(
    name="implant",
    title="Silicon: a whole implant, from raw samples to packets",
    configurations=configurations,
    run=run,
    designs=("lite",),
    tools=GATE_TOOLS,
    figure=figure,
    remarks=(method, beside_others, by_part, area, larger, filtering, whole),
)
