"""Spike sorting before and after compression: linear encoders, the autoencoder and entropy-coded PCA."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.lite_coders import LOUD, POINTS, QUIET, Point
from experiments.lite_methods import CAE, LITE, METHODS, PCA, coder_at, epochs_at
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sorting import accuracy, nearest_template, sort_spikes, templates, unit_accuracies
from experiments.sources import WAVE_CLUS, learned_labels, tested_labels
from spikecae.evaluation.quality import SAMPLE_BITS, sndr

__all__ = ["EXPERIMENT"]

RECORDED = "as recorded"
POINTS_SORTED = {
    (QUIET, 40): POINTS["D2 0.05, CR 38.5"],
    (QUIET, 120): POINTS["D2 0.05, CR 120"],
    (QUIET, 300): Point(QUIET, 300, features=4, codewords=8, bits=3.4),
    (LOUD, 40): POINTS["D2 0.2, CR 37"],
    (LOUD, 120): Point(LOUD, 120, features=12, codewords=128, rate_weight=30.0, bits=8.5),
    (LOUD, 300): Point(LOUD, 300, features=4, codewords=8, bits=3.4),
}
"""By recording and about what ratio."""
RATIOS = (40, 120, 300)
SEEDS = (0, 1, 2)
K_MEANS, TEMPLATES = "k_means", "templates"


def configurations() -> list[Configuration]:
    """The spikes as recorded, and after each method at each ratio that it has."""
    made = []
    for data in WAVE_CLUS:
        made.append(Configuration({"data": data, "at": "", "method": RECORDED}, {"data": data, "method": RECORDED}))
        for ratio in RATIOS:
            for method in METHODS if ratio == RATIOS[0] else (PCA, LITE):
                parameters: dict[str, str | int | float] = {"data": data, "ratio": ratio, "method": method}
                point = POINTS_SORTED[data, ratio]
                if method == LITE and not point.shipped:
                    parameters |= {
                        "features": point.features,
                        "codewords": point.codewords,
                        "rate_weight": point.rate_weight,
                        "bits": point.bits,
                    }
                if method == CAE and epochs_at(point):
                    parameters["epochs"] = epochs_at(point)
                labels = {"data": data, "at": f"CR {ratio}", "method": method}
                made.append(Configuration(labels, parameters, SEEDS if method == LITE else (0,)))
    return made


def run(parameters: Parameters, seed: int) -> Outcome:
    """Sort the test spikes, as recorded or as decoded; only spikes with a label count."""
    data, method = str(parameters["data"]), str(parameters["method"])
    point = POINTS_SORTED[data, int(parameters.get("ratio", RATIOS[0]))]
    dataset = point.dataset
    spikes = dataset.test.spikes
    blocks, queued, samples = spikes.shape
    labels = tested_labels(WAVE_CLUS[data], blocks * queued)
    learned = dataset.train.spikes.reshape(-1, samples)
    known_units, _ = learned_labels(WAVE_CLUS[data], len(learned), dataset.validation.spikes[..., 0].size)
    means = templates(learned, known_units)
    metrics, specs, decoded = {}, {}, spikes.astype(np.float64)
    if method != RECORDED:
        coder = coder_at(point, method, seed)
        coded = coder(dataset.test.adc)
        decoded, bits = coded.decoded, float(coded.bits.mean()) / queued
        specs = {} if coder.spec is None else {point.base.name: coder.spec.hash}
        quality = sndr(spikes, decoded)
        metrics = {
            "bits_per_spike": bits,
            "cr": samples * SAMPLE_BITS / bits,
            "sndr_mean_db": quality.mean_db,
            "sndr_worst_db": quality.worst_db,
        }
    rows, known = decoded.reshape(-1, samples), labels > 0
    return Outcome(
        metrics=sorted_right(rows[known], labels[known], means, seed) | metrics,
        provenance=dataset.provenance,
        data=data_of(dataset),
        specs=specs,
        epochs=int(parameters.get("epochs", 0)),
        seeded=method == LITE,
    )


def sorted_right(
    spikes: NDArray[np.floating], labels: NDArray[np.integer], means: NDArray[np.float64], seed: int
) -> dict[str, float]:
    """Share of spikes ``[n, D]`` of the units ``labels`` ``[n]`` that are sorted right, and of the unit whose is least:
    by k-means, and by the nearest of the templates ``means`` ``[U, D]``."""
    clusters, nearest = sort_spikes(spikes, len(means), seed), nearest_template(spikes, means)
    of_units = [float((nearest[labels == unit] == unit).mean()) for unit in np.unique(labels)]
    return {
        f"{K_MEANS}_percent": 100 * accuracy(labels, clusters),
        f"{K_MEANS}_worst_unit_percent": 100 * float(unit_accuracies(labels, clusters).min()),
        f"{TEMPLATES}_percent": 100 * float((nearest == labels).mean()),
        f"{TEMPLATES}_worst_unit_percent": 100 * min(of_units),
    }


def figure(result: ExperimentResult) -> Figure:
    """What is sorted right by both ways, of all spikes and of the worst unit, against the ratio."""
    found = Findings(result.rows)
    drawn, axes = subplots(4, (10.0, 3.0))
    panels = [(data, way) for data in WAVE_CLUS for way in (K_MEANS, TEMPLATES)]
    for axis, (data, way) in zip(axes, panels, strict=True):
        for measure, style, marker, told in (
            (f"{way}_percent", "-", "o", "all spikes"),
            (f"{way}_worst_unit_percent", ":", "v", "worst unit"),
        ):
            before = found.mean(measure, {"data": data, "method": RECORDED})
            axis.axhline(before, color="k", lw=0.8, ls=style, label=f"{RECORDED}: {told}")
            for place, method in enumerate(METHODS):
                rows = found.select({"data": data, "method": method})
                ratios = [row.metrics["cr"].mean for row in rows]
                shares = [row.metrics[measure].mean for row in rows]
                deviations = [row.metrics[measure].deviation or 0.0 for row in rows]
                color, label = f"C{place}", f"{method}: {told}"
                axis.errorbar(ratios, shares, deviations, fmt=marker, ls=style, ms=4, lw=1.2, color=color, label=label)
        axis.sharey(axes[0])
        axis.set(xscale="log", xlabel="CR", xlim=(30, 420), ylim=(0, 105))
        axis.set_xticks(RATIOS, [str(ratio) for ratio in RATIOS])
        axis.minorticks_off()
        axis.set_title(f"{data}, {way.replace('_', '-')}")
    axes[0].set_ylabel("sorted right, %")
    handles, names = axes[0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=4)
    return drawn


def _lost(found: Findings) -> str:
    """What sorting loses."""

    def lost(data: str, way: str, method: str, ratio: int) -> str:
        before = found.mean(way, {"data": data, "method": RECORDED})
        return f"{before - found.mean(way, {'data': data, 'method': method, 'at': f'CR {ratio}'}):.1f}"

    def told(data: str) -> str:
        parts = []
        for ratio in RATIOS:
            methods = (CAE, PCA, LITE) if ratio == RATIOS[0] else (PCA, LITE)
            losses = (f"{lost(data, f'{TEMPLATES}_percent', method, ratio)} ({method})" for method in methods)
            parts.append(f"at CR {ratio} {', '.join(losses)}")
        return f"{data}: {'; '.join(parts)}"

    recorded = (
        f"{data} {found.mean(f'{K_MEANS}_percent', row):.1f} % by k-means and "
        f"{found.mean(f'{TEMPLATES}_percent', row):.1f} % by templates"
        for data in WAVE_CLUS
        for row in ({"data": data, "method": RECORDED},)
    )
    return (
        f"As recorded, of {', of '.join(recorded)} are sorted right. By templates, so many percent less are after "
        f"compression: {'. '.join(told(data) for data in WAVE_CLUS)}."
    )


def _by_chance(found: Findings) -> str:
    """What the seed decides where little but classes is sent."""

    def told(data: str) -> str:
        row = found.row({"data": data, "at": f"CR {RATIOS[-1]}", "method": LITE})
        share = row.metrics[f"{TEMPLATES}_percent"]
        return f"{share.mean:.1f} ± {share.deviation or 0.0:.1f} % of {data}"

    return (
        f"At CR {RATIOS[-1]} a spike is little more than its class, and the seed decides where the classes lie: by "
        f"templates {' and '.join(told(data) for data in WAVE_CLUS)} are sorted right. Who goes that far "
        "fits with several seeds, and keeps what sorts validation spikes best."
    )


EXPERIMENT = Experiment(
    name="lite_sorting",
    title="Spike sorting before and after compression: linear encoders beside the network",
    configurations=configurations,
    run=run,
    designs=("lite", "wave_clus"),
    figure=figure,
    remarks=(
        _lost,
        _by_chance,
        "The first half of each sequence trains coders and templates, the second half is coded, decoded and sorted. "
        "*k-means*: as in Fig. 9, of three principal components of what is sorted. *Templates*: the nearest mean of a "
        "unit's training spikes as recorded; a sorter that was set up before. *worst unit*: the share of the unit "
        "whose is least. Spikes that the file assigns to no unit are coded with the others, and not counted. CR is by "
        "real Huffman bits, of PCA by its ideal code. The autoencoder has the rate it has; others of it are in Fig. 9.",
    ),
)
