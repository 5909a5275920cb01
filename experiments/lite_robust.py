"""Drift, other noise, misaligned and overlapping spikes: the network, linear encoders and PCA under each of them."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.experiment import Configuration, Experiment
from experiments.fig4 import DRIFT, FIRST, LAST, SIMULATED
from experiments.fig4 import EPOCHS as DRIFT_EPOCHS
from experiments.findings import Findings, span
from experiments.lite_coders import EMBEDDED, LOUD, POINTS, QUIET, Coder, Point, cae_coder, lite_coder, pca_coder
from experiments.lite_methods import CAE, LITE, METHODS, PCA, coder_at, epochs_at
from experiments.new_spikes import moved_probe, only, overlapping
from experiments.outcome import Outcome, Parameters, data_of
from experiments.result import ExperimentResult
from experiments.sources import WAVE_CLUS, tested_labels
from experiments.training import DESIGNS, trained, with_settings
from model.datasets import SpikeDataset
from model.datasets.misalignment import misaligned
from model.datasets.simulator import simulated_spikes
from model.datasets.spikes import split_ends
from quantize.linear.measure import worst_unit
from spikecae.design import Design, load_design
from spikecae.evaluation.quality import SAMPLE_BITS, sndr
from spikecae.front_end.adc import units_to_codes

__all__ = ["EXPERIMENT"]

NOTHING, NOISE, MOVED, KNOWN = "nothing", "noise", "moved", "moved in training too"
OVERLAPS, PROBE, DRIFTS = "overlaps", "probe", "drift"
AT = {QUIET: "D2 0.05, CR 38.5", LOUD: "D2 0.2, CR 37", EMBEDDED: "embedded, CR 24.5"}
"""Point of each recording."""
DRIFTING = "easy2-like, noise 0.15"
OTHER = {QUIET: LOUD, LOUD: QUIET}
NOISES = {QUIET: 0.05, LOUD: 0.2}
JITTERS = (2, 4, 8)
KNOWN_JITTER = 4
"""That a coder is fitted to, too."""
MOVES_UM = (7.5, 15.0)
"""Half of what lies between two rows of contacts, and all of it."""
LATE = (9, 30)
"""Samples of the embedded recording, 0.3 to 1 ms, by which a planted spike comes after another."""
CASES: dict[str, tuple[tuple[str, float], ...]] = {
    **{
        data: (
            (NOTHING, 0.0),
            (NOISE, NOISES[other]),
            *((MOVED, float(jitter)) for jitter in JITTERS),
            (KNOWN, float(KNOWN_JITTER)),
            (OVERLAPS, 0.0),
        )
        for data, other in OTHER.items()
    },
    EMBEDDED: (
        (NOTHING, 0.0),
        *((MOVED, float(jitter)) for jitter in JITTERS),
        (OVERLAPS, 0.0),
        *((PROBE, moved) for moved in MOVES_UM),
    ),
    DRIFTING: ((NOTHING, 0.0), (DRIFTS, DRIFT)),
}
TOLD = {
    NOTHING: "nothing",
    NOISE: "noise {:g}",
    MOVED: "moved by up to {:g} samples",
    KNOWN: "moved by up to {:g} samples, as in training",
    OVERLAPS: "overlaps",
    PROBE: "probe moved by {:g} µm",
    DRIFTS: "drift of {:.0%}",
}
SHORT = {
    NOTHING: "–",
    NOISE: "noise\n{:g}",
    MOVED: "±{:g}",
    KNOWN: "±{:g},\nfitted",
    OVERLAPS: "over-\nlaps",
    PROBE: "{:g}\nµm",
    DRIFTS: "{:.0%}",
}
DRIFT_POINT = Point(LOUD, 19, features=24, bits=54.0)
"""In blocks of two spikes, as the paper's experiment has it; what that autoencoder takes."""
SEEDS = (0, 1, 2)
MEAN, WORST, BITS = "sndr_mean_db", "sndr_worst_db", "bits_per_spike"


@dataclass(frozen=True, eq=False)
class Case:
    """Spikes ``[n, M, D]`` to be coded, the unit of each where they have one, and what they were taken from."""

    spikes: NDArray[np.float32]
    units: NDArray[np.integer] | None
    dataset: SpikeDataset


def configurations() -> list[Configuration]:
    """Every method on spikes like those of its training, and on all that is new to it."""
    made = []
    for data, cases in CASES.items():
        for kind, much in cases:
            for method in METHODS if kind != KNOWN else (PCA, LITE):
                parameters: dict[str, str | int | float] = {"data": data, "new": kind, "much": much, "method": method}
                epochs = DRIFT_EPOCHS if data == DRIFTING else epochs_at(POINTS[AT[data]])
                if method == CAE and epochs:
                    parameters["epochs"] = epochs
                labels = labels_of(data, kind, much, method)
                seeds = SEEDS if method == LITE and data in WAVE_CLUS else (0,)
                made.append(Configuration(labels, parameters, seeds))
    return made


def labels_of(data: str, kind: str, much: float, method: str) -> dict[str, str]:
    """Of a row."""
    return {"trained on": data, "what is new": TOLD[kind].format(much), "method": method}


def run(parameters: Parameters, seed: int) -> Outcome:
    """Code test spikes that are new to a coder in one way."""
    data, kind, method = str(parameters["data"]), str(parameters["new"]), str(parameters["method"])
    much = float(parameters["much"])
    if data == DRIFTING:
        base, case = _blocks_of_two(DRIFT_POINT.base), _drifted(much)
        coder = _coder_of_drifted(method, much, seed)
        learned = case.dataset
    else:
        point = POINTS[AT[data]]
        base, case = point.base, _case(point, kind, much, seed)
        learned = case.dataset if kind == KNOWN else point.dataset
        coder = _coder_of_moved(point, method, learned, seed) if kind == KNOWN else coder_at(point, method, seed)
    coded = coder(units_to_codes(case.spikes, base.adc)[0])
    quality = sndr(case.spikes, coded.decoded)
    metrics = {
        MEAN: quality.mean_db,
        "sndr_global_db": quality.global_db,
        WORST: quality.worst_db,
    }
    if case.units is not None:
        metrics["sndr_worst_unit_db"] = worst_unit(case.spikes, coded.decoded, case.units)
    bits = coded.bits / base.block.spikes
    metrics |= {BITS: float(bits.mean()), "bits_p99": float(np.percentile(bits, 99))}
    if method == LITE:
        metrics["escaped_percent"] = 100 * coded.escaped
    return Outcome(
        metrics=metrics,
        provenance=case.dataset.provenance,
        data=data_of(learned, case.dataset),
        specs={} if coder.spec is None else {base.name: coder.spec.hash},
        epochs=int(parameters.get("epochs", 0)),
        seeded=method == LITE,
    )


def _case(point: Point, kind: str, much: float, seed: int) -> Case:
    """Test spikes of a point's recording, or of another one, that are new in one way."""
    dataset, data = point.dataset, point.data
    if kind == NOISE:
        dataset, data = POINTS[AT[OTHER[data]]].dataset, OTHER[data]
    elif kind in (MOVED, KNOWN):
        dataset = misaligned(dataset, point.base, int(much), denoise=False, seed=seed)
    elif kind == PROBE:
        dataset = _moved_probe(much)
    spikes = dataset.test.spikes
    if data not in WAVE_CLUS:
        return Case(overlapping(dataset.test, *LATE, seed) if kind == OVERLAPS else spikes, None, dataset)
    units = tested_labels(WAVE_CLUS[data], spikes[..., 0].size)
    if kind == OVERLAPS:
        return Case(only(dataset.test, units < 1).spikes, None, dataset)
    return Case(spikes, units, dataset)


def _coder_of_moved(point: Point, method: str, moved: SpikeDataset, seed: int) -> Coder:
    """A coder of a point that is fitted to spikes that move."""
    if method == LITE:
        return lite_coder(point.design, moved, seed)
    return pca_coder(point.base, moved, point.base.block.samples * SAMPLE_BITS / point.ratio)


@cache
def _moved_probe(moved_um: float) -> SpikeDataset:
    return moved_probe(POINTS[AT[EMBEDDED]].base, moved_um)


def _blocks_of_two(design: Design) -> Design:
    return design.model_copy(update={"block": design.block.model_copy(update={"spikes": 2})})


@cache
def _drifted(drift: float) -> Case:
    """The last spikes of a recording that drifts, or does not; its data set has the first ones for training."""
    design = _blocks_of_two(DRIFT_POINT.base)
    spikes = simulated_spikes(replace(SIMULATED, drift=drift), design)
    dataset = split_ends(spikes.table, design, FIRST, LAST)
    tested = dataset.test.spikes
    return Case(tested, spikes.unit[-LAST:][: tested[..., 0].size], dataset)


@cache
def _coder_of_drifted(method: str, drift: float, seed: int) -> Coder:
    dataset = _drifted(drift).dataset
    if method == LITE:
        return lite_coder(_blocks_of_two(DRIFT_POINT.design), dataset, seed)
    if method == PCA:
        asked = DRIFT_POINT.bits
        return pca_coder(_blocks_of_two(DRIFT_POINT.base), replace(dataset, test=dataset.validation), asked)
    design = with_settings(load_design(DESIGNS / "wave_clus.toml"), "best", seed, spikes=2)
    return cae_coder(design, trained(design, dataset, DRIFT_EPOCHS).checkpoint, dataset)


def figure(result: ExperimentResult) -> Figure:
    """Quality, in the mean and of the worst spikes, above the bits that it took; a column of panels a recording."""
    found = Findings(result.rows)
    drawn = Figure(figsize=(10.0, 4.6), layout="constrained")
    run_on = {row.labels["trained on"] for row in result.rows}
    shown = {data: cases for data, cases in CASES.items() if data in run_on}
    widths = [len(cases) + 0.6 for cases in shown.values()]
    rows = drawn.subplots(
        2, len(shown), sharex="col", sharey="row", width_ratios=widths, height_ratios=[3, 2], squeeze=False
    )
    for (data, cases), above, below in zip(shown.items(), *rows, strict=True):
        for place, method in enumerate(METHODS):
            has = [(n, case) for n, case in enumerate(cases) if case[0] != KNOWN or method != CAE]
            told = [labels_of(data, kind, much, method) for _, (kind, much) in has]
            at = [number + 0.22 * (place - 1) for number, _ in has]
            mean, worst, bits = ([found.mean(metric, labels) for labels in told] for metric in (MEAN, WORST, BITS))
            color = f"C{place}"
            above.vlines(at, worst, mean, color=color, lw=1)
            above.plot(at, mean, "o", ms=4, color=color, label=method)
            above.plot(at, worst, "_", ms=6, mew=1.5, color=color)
            below.bar(at, bits, 0.2, color=color)
        below.set_xticks(range(len(cases)), [SHORT[kind].format(much) for kind, much in cases], fontsize=7)
        above.set_title(data.replace(", ", ",\n"))
    rows[0][0].set_ylim(bottom=0.0)
    rows[0][0].set_ylabel("SNDR, dB:\n● mean, – worst 5 %")
    rows[1][0].set_ylabel("bits per spike")
    handles, names = rows[0][0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=3)
    return drawn


def _costs(found: Findings) -> str:
    """What each kind of novelty costs."""

    def pairs(kind: str, method: str) -> list[tuple[dict[str, str], dict[str, str]]]:
        """Labels of a row of this kind, and of one without what is new."""
        return [
            (labels_of(data, kind, much, method), labels_of(data, NOTHING, 0.0, method))
            for data, cases in CASES.items()
            for other, much in cases
            if other == kind
        ]

    def lost(kind: str, method: str, metric: str = MEAN) -> str:
        losses = [found.mean(metric, still) - found.mean(metric, new) for new, still in pairs(kind, method)]
        return span([round(loss, 1) + 0.0 for loss in losses])  # no -0.0

    def bits(kind: str, method: str) -> str:
        return span([found.mean(BITS, new) / found.mean(BITS, still) for new, still in pairs(kind, method)])

    def told(kind: str, name: str) -> str:
        return (
            f"{name}: linear encoders lose {lost(kind, LITE)} dB in the mean and {lost(kind, LITE, WORST)} dB of the "
            f"worst 5 %, at {bits(kind, LITE)} times the bits; PCA {lost(kind, PCA)} and {lost(kind, PCA, WORST)} dB "
            f"at {bits(kind, PCA)} times; the autoencoders {lost(kind, CAE)} and {lost(kind, CAE, WORST)} dB at "
            f"{bits(kind, CAE)} times."
        )

    names = {
        MOVED: f"Moved by up to {span([float(jitter) for jitter in JITTERS], 0)} samples",
        OVERLAPS: "Overlaps",
        PROBE: "A probe that moved",
        DRIFTS: "Drift, beside no drift",
    }
    fitted = (
        f"Fitted to spikes that move by up to {KNOWN_JITTER}, linear encoders lose {lost(KNOWN, LITE)} and "
        f"{lost(KNOWN, LITE, WORST)} dB at {bits(KNOWN, LITE)} times the bits, PCA {lost(KNOWN, PCA)} and "
        f"{lost(KNOWN, PCA, WORST)} dB at {bits(KNOWN, PCA)} times."
    )
    return " ".join([*(told(kind, name) for kind, name in names.items()), fitted])


def _of_other_noise(found: Findings) -> str:
    """What coders of one noise make of another."""

    def told(data: str) -> str:
        other = OTHER[data]

        def of(trained_on: str, kind: str, method: str) -> str:
            labels = labels_of(trained_on, kind, NOISES[other], method)
            return f"{found.mean(MEAN, labels):.1f} dB at {found.mean(BITS, labels):.1f} bits"

        parts = (
            f"{method} {of(data, NOISE, method)} (made for it: {of(other, NOTHING, method)})" for method in METHODS
        )
        return f"made for noise {NOISES[data]:g}, tested at {NOISES[other]:g}: {', '.join(parts)}"

    return f"In the mean, {'; '.join(told(data) for data in OTHER)}."


EXPERIMENT = Experiment(
    name="lite_robust",
    title="Drift, noise, jitter and overlaps: linear encoders beside the network",
    configurations=configurations,
    run=run,
    designs=("lite", "lite_probe", "wave_clus", "neuropixels"),
    figure=figure,
    remarks=(
        _of_other_noise,
        _costs,
        "Coders are fitted once and meet test spikes unlike those of their training; nothing is fitted anew. What is "
        "new takes more bits of linear encoders and of PCA, whose levels nothing limits: compare decibels beside bits. "
        "*Noise*: the other sequence, half that was not trained on. *Moved*: as in Fig. 10; the contacts of an event "
        "move together. *Overlaps* of Difficult2 are the spikes that the file assigns to no unit, in blocks of their "
        "own; those of the embedded recording are planted, another event of the same contacts "
        f"{LATE[0]} to {LATE[1]} samples later. *Probe*: the embedded recording with all units, times and noise as "
        "they were, the contacts moved along the probe, whose rows are 15 µm apart. *Drift*: as in Fig. 4, blocks of "
        "two spikes, the first 500 of which train and the last 200 test.",
        "The autoencoders are the shipped ones; where the table says epochs, they are trained for this. PCA's step is "
        "that at which spikes like those of the training take the bits of the point: test spikes, those of validation "
        "under drift. sndr_worst_db: 5 % of the spikes have less. sndr_worst_unit_db: all spikes of the unit whose "
        "ratio is least, where units are known. escaped_percent: of the symbols that can say that levels lie outside "
        "of their box, those that do.",
    ),
)
