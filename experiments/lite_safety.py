"""What becomes of spikes that a coder was not made for: of half or twice the size, or of a unit not in training."""

from dataclasses import replace
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings, span
from experiments.lite_coders import POINTS, Coder, Point, cae_coder, lite_coder, pca_coder
from experiments.new_spikes import only
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sorting import nearest_template, templates
from experiments.sources import WAVE_CLUS, learned_labels, tested_labels
from experiments.training import shipped, trained
from experiments.training_runs import without_dropout
from model.datasets import SpikeDataset, Split
from spikecae.evaluation.quality import SAMPLE_BITS, sndr
from spikecae.front_end.adc import units_to_codes

__all__ = ["EXPERIMENT", "kept_of_unit", "tested_unit", "without_unit"]

CAE, PCA, LITE = "autoencoder", "PCA, ideal entropy code", "linear"
QUIET = "D2 0.05, CR 38.5"
GAINED = (QUIET, "HC1, CR 30", "embedded, CR 24.5")
GAINS = (0.5, 1.0, 2.0)
UNITS = (1, 2, 3)
EPOCHS, BATCH = 40, 16
"""Of the autoencoder without a unit."""
SEEDS = (0, 1, 2)
NOTHING = 0
"""In place of a unit left out."""


def configurations() -> list[Configuration]:
    """Gains on every recording that has a shipped autoencoder, and each unit of Difficult2 left out."""
    cases = [(name, NOTHING, gain) for name in GAINED for gain in GAINS] + [(QUIET, unit, 1.0) for unit in UNITS]
    made = []
    for name, unit, gain in cases:
        for method in (CAE, PCA, LITE):
            parameters: dict[str, str | int | float] = {"point": name, "method": method, "gain": gain, "left_out": unit}
            if unit and method == CAE:
                parameters["epochs"] = EPOCHS
            new = f"unit {unit}" if unit else f"gain {gain:g}"
            labels = {"data": POINTS[name].data, "method": method, "what is new": new}
            made.append(Configuration(labels, parameters, SEEDS if method == LITE and name == QUIET else (0,)))
    return made


def run(parameters: Parameters, seed: int) -> Outcome:
    """Code the test spikes, made larger or smaller, or those of a unit that training did not see."""
    point, method = POINTS[str(parameters["point"])], str(parameters["method"])
    unit, gain = int(parameters["left_out"]), float(parameters["gain"])
    dataset = point.dataset
    coder = _coder(point, method, seed, unit)
    tested = dataset.test if not unit else tested_unit(point, dataset, unit)
    spikes = gain * tested.spikes
    coded = coder(units_to_codes(spikes, point.base.adc)[0])
    quality = sndr(spikes, coded.decoded)
    metrics = {
        "sndr_mean_db": quality.mean_db,
        "sndr_worst_db": quality.worst_db,
        "amplitude_percent": 100 * float((coded.decoded * spikes).sum() / np.square(spikes, dtype=np.float64).sum()),
        "bits_per_spike": float(coded.bits.mean()) / spikes.shape[1],
    }
    if unit:
        metrics |= kept_of_unit(point, dataset, unit, coded.decoded)
    return Outcome(
        metrics=metrics,
        provenance=dataset.provenance,
        data=data_of(dataset),
        specs={} if coder.spec is None else {point.base.name: coder.spec.hash},
        epochs=int(parameters.get("epochs", 0)),
        seeded=method == LITE,
    )


@cache
def _coder(point: Point, method: str, seed: int, unit: int) -> Coder:
    """A coder fitted to all units, or to all but one."""
    base, dataset = point.base, point.dataset
    learned = without_unit(dataset, point, unit) if unit else dataset
    if method == PCA:
        return pca_coder(base, learned, base.block.samples * SAMPLE_BITS / point.ratio)
    if method == LITE:
        return lite_coder(point.design, learned, seed)
    if not unit:
        return cae_coder(base, shipped(base).checkpoint, learned)
    base = without_dropout(base, base.block.spikes, seed, BATCH)
    return cae_coder(base, trained(base, learned, EPOCHS).checkpoint, learned)


def without_unit(dataset: SpikeDataset, point: Point, unit: int) -> SpikeDataset:
    """The data set without the training and validation spikes of a unit, in blocks formed anew."""
    sizes = (part.spikes[..., 0].size for part in (dataset.train, dataset.validation))
    labels = learned_labels(WAVE_CLUS[point.data], *sizes)
    train, validation = (
        only(part, own != unit) for part, own in zip((dataset.train, dataset.validation), labels, strict=True)
    )
    return replace(dataset, train=train, validation=validation)


def tested_units(point: Point, dataset: SpikeDataset) -> NDArray[np.integer]:
    """Unit of each test spike."""
    return tested_labels(WAVE_CLUS[point.data], dataset.test.spikes[..., 0].size)


def tested_unit(point: Point, dataset: SpikeDataset, unit: int) -> Split:
    """Its test spikes, in blocks of their own."""
    return only(dataset.test, tested_units(point, dataset) == unit)


def kept_of_unit(point: Point, dataset: SpikeDataset, unit: int, decoded: NDArray[np.floating]) -> dict[str, float]:
    """What is left of a unit's mean waveform, and of its spikes' identity, in its test spikes that came back as
    ``decoded`` ``[n, M, D]``."""
    everyone = dataset.test.spikes.reshape(-1, decoded.shape[-1])
    means = templates(everyone, tested_units(point, dataset))
    recorded = tested_unit(point, dataset, unit).spikes
    before, after = (part.reshape(-1, part.shape[-1]) for part in (recorded, decoded))
    own = before.mean(axis=0)
    known = nearest_template(before, means) == unit
    return {
        "template_error_percent": 100 * float(np.linalg.norm(after.mean(axis=0) - own) / np.linalg.norm(own)),
        "identity_kept_percent": 100 * float((nearest_template(after, means)[known] == unit).mean()),
    }


def figure(result: ExperimentResult) -> Figure:
    """Amplitudes by gain, and template errors by unit left out."""
    drawn, axes = subplots(len(GAINED) + 1, (9.0, 2.8))
    for axis, name in zip(axes, GAINED, strict=False):
        for method in (CAE, PCA, LITE):
            labels = {"data": POINTS[name].data, "method": method}
            found = [Findings(result.rows).row(labels | {"what is new": f"gain {gain:g}"}) for gain in GAINS]
            values = [row.metrics["amplitude_percent"].mean for row in found]
            axis.plot([f"{gain:g}" for gain in GAINS], values, "o-", label=method)
        axis.sharey(axes[0])
        axis.set_title(POINTS[name].data)
        axis.set_xlabel("gain")
    axes[0].yaxis.set_major_locator(MultipleLocator(20))
    axes[0].set_ylabel("amplitude that comes back, %")
    for place, method in enumerate((CAE, PCA, LITE)):
        found = [Findings(result.rows).row({"method": method, "what is new": f"unit {unit}"}) for unit in UNITS]
        axes[-1].bar(
            [unit + 0.25 * (place - 1) for unit in UNITS],
            [row.metrics["template_error_percent"].mean for row in found],
            0.22,
        )
    axes[-1].set_xticks(UNITS)
    axes[-1].yaxis.set_major_locator(MultipleLocator(5))
    axes[-1].set_title("a unit left out")
    axes[-1].set_xlabel("unit")
    axes[-1].set_ylabel("template error, %")
    handles, names = axes[0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=3)
    return drawn


def _kept(found: Findings) -> str:
    """What is left of amplitudes and units."""

    def amplitudes(method: str) -> str:
        rows = [found.means("amplitude_percent", {"method": method, "what is new": f"gain {g:g}"}) for g in GAINS[::2]]
        return span([value for row in rows for value in row], 0)

    def of_units(metric: str, method: str) -> str:
        return span([found.mean(metric, {"method": method, "what is new": f"unit {unit}"}) for unit in UNITS])

    return (
        f"Spikes of half and twice the size come back at {amplitudes(LITE)} % of their amplitude from the linear "
        f"encoders, at {amplitudes(CAE)} % from the autoencoders. A unit that training did not see comes back with "
        f"{of_units('template_error_percent', LITE)} % of template error, and "
        f"{of_units('identity_kept_percent', LITE)} % of its spikes stay nearest to its template; with the "
        f"autoencoder, {of_units('template_error_percent', CAE)} and {of_units('identity_kept_percent', CAE)} %."
    )


EXPERIMENT = Experiment(
    name="lite_safety",
    title="Spikes that training did not see",
    configurations=configurations,
    run=run,
    designs=("lite", "lite_tetrode", "lite_probe", "wave_clus", "hc1", "neuropixels"),
    figure=figure,
    remarks=(
        _kept,
        "Gains: test spikes in recording units times the gain, through the converter, against the same. "
        "amplitude_percent: the projection of what came back on what was recorded, all spikes together. A unit that is "
        "left out is in neither training nor validation; its test spikes are coded in blocks of their own. "
        "template_error_percent: of the mean of its spikes. identity_kept_percent: of its spikes that are nearest to "
        "its template as recorded, those that still are.",
        "The autoencoders are the shipped ones; without a unit, they are trained for as many epochs as the table says. "
        "PCA's step is that at which the test spikes of all units take the bits of the point.",
    ),
)
