"""SNDR against compression ratio: the autoencoder, the paper's baselines as it counts bits, and entropy-coded ones."""

from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import HC1, WAVE_CLUS, read
from experiments.training import DESIGNS, shipped, trained
from experiments.training_runs import BATCH, EPOCHS, measured, without_dropout
from model.baselines.compressed_sensing import compressed_sensing
from model.baselines.gaussian_bound import gaussian_bound
from model.baselines.pca import pca_curve
from model.baselines.product_vq import product_vq
from model.baselines.transforms import dct_truncated, dwt_largest, pca_truncated
from model.baselines.vectors import Coded
from model.datasets import SpikeDataset
from spikecae.design import Design, load_design
from spikecae.evaluation.quality import SAMPLE_BITS

__all__ = ["EXPERIMENT"]

FILES = {**WAVE_CLUS, "HC1": HC1}
STEPS = tuple(2**exponent for exponent in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0))
WEIGHTS = (0.0003, 0.003, 0.006, 0.012, 0.025, 0.05, 0.1)
BOUND_BITS = (2.0, 4.0, 8.0, 16.0, 26.0, 32.0, 64.0)
LAYOUTS = {"2+2+4+8": (128, (2, 2, 4, 8)), "1+1+1+2+3+4+6": (64, (1, 1, 1, 2, 3, 4, 6))}
"""Components of each vector quantizer, and its codewords at most."""

CAE, SHIPPED, BOUND = "autoencoder", "autoencoder, shipped", "Gaussian bound"
PCA, DCT, DWT, GWALM = "PCA", "DCT", "DWT sym4", "GWALM"
PCA_SQ, PCA_VQ = "PCA + scalar quantizer + entropy", "PCA + ECVQ"


def configurations() -> list[Configuration]:
    """Every method at every setting; the autoencoder with M = 4, 8, 16 and N = 16 on the queues."""
    made = []
    for data in FILES:
        low = data == "HC1"
        settings: list[tuple[str, str, float]] = [(PCA, "m", m) for m in (1, 2, 4, 6, 8)]
        settings += [(DCT, "m", m) for m in (range(6, 11) if low else range(8, 17, 2))]
        settings += [(DWT, "m", m) for m in range(2, 13, 2)]
        settings += [(GWALM, "m", m) for m in (range(8, 13, 2) if low else range(12, 18, 2))]
        settings += [(PCA_SQ, "step", step) for step in STEPS]
        settings += [(f"{PCA_VQ} {layout}", "λ", weight) for layout in LAYOUTS for weight in WEIGHTS]
        settings += [(BOUND, "bits", bits) for bits in BOUND_BITS]
        if not low:
            settings += [(CAE, "M", spikes) for spikes in EPOCHS]
        if data != "D2 0.2":
            settings.append((SHIPPED, "M", 4))
        for method, knob, value in settings:
            parameters: dict[str, str | int | float] = {"data": data, "method": method, "value": value}
            if method == CAE:
                parameters |= {"epochs": EPOCHS[int(value)], "batch": BATCH}
            made.append(
                Configuration(
                    {"data": data, "method": method, "setting": f"{knob} = {value:g}"},
                    parameters,
                )
            )
    trains = [item for item in made if item.parameters["method"] == CAE]  # these come last, the usual M first
    rest = [item for item in made if item.parameters["method"] != CAE]
    return rest + sorted(trains, key=lambda item: item.parameters["value"])


def run(parameters: Parameters, seed: int) -> Outcome:
    """One method at one setting."""
    data, method, value = str(parameters["data"]), str(parameters["method"]), float(parameters["value"])
    design = load_design(DESIGNS / ("hc1.toml" if data == "HC1" else "wave_clus.toml"))
    if method == SHIPPED:
        return measured(design, shipped(design), read(FILES[data], design))
    if method == CAE:
        design = without_dropout(design, int(value), seed, int(parameters["batch"]))
        dataset = read(FILES[data], design)
        return measured(design, trained(design, dataset, int(parameters["epochs"])), dataset)
    dataset = read(FILES[data], design)
    if method == BOUND:
        (decibels,) = gaussian_bound(design, dataset, [value])
        ratio = design.block.samples * SAMPLE_BITS / value
        metrics = {"sndr_global_db": decibels, "bits_per_spike": value, "cr_entropy": ratio}
        return Outcome(metrics=metrics, provenance=dataset.provenance, data=data_of(dataset))
    point = _baseline(method, value, design, dataset, seed)
    metrics = {
        "sndr_mean_db": point.sndr.mean_db,
        "sndr_global_db": point.sndr.global_db,
        "bits_per_spike": point.bits_per_spike,
        "cr_huffman" if method.startswith(PCA_VQ) else "cr_entropy": point.cr,
    }
    seeded = method.startswith((PCA_VQ, GWALM))
    return Outcome(metrics=metrics, provenance=dataset.provenance, data=data_of(dataset), seeded=seeded)


def _baseline(method: str, value: float, design: Design, dataset: SpikeDataset, seed: int) -> Coded:
    if method == PCA_SQ:
        (point,) = pca_curve(design, dataset, [value])
        ratio = design.block.samples * SAMPLE_BITS / point.bits_per_spike
        return Coded(f"step = {value:g}", point.bits_per_spike, ratio, point.sndr)
    if method.startswith(PCA_VQ):
        codewords, groups = LAYOUTS[method.removeprefix(f"{PCA_VQ} ")]
        return product_vq(design, dataset, groups, codewords, [value], seed)[0]
    if method == GWALM:
        return compressed_sensing(design, dataset, [int(value)], seed)[0]
    return {PCA: pca_truncated, DCT: dct_truncated, DWT: dwt_largest}[method](design, dataset, [int(value)])[0]


def figure(result: ExperimentResult) -> Figure:
    """Global SNDR against compression ratio, a panel for each recording."""
    figure, axes = subplots(len(FILES), (10.0, 3.4))
    for axis, data in zip(axes, FILES, strict=True):
        methods: dict[str, list[tuple[float, float]]] = {}
        for row in result.rows:
            if row.labels["data"] == data:
                ratio = row.metrics.get("cr_entropy") or row.metrics["cr_huffman"]
                methods.setdefault(row.labels["method"], []).append((ratio.mean, row.metrics["sndr_global_db"].mean))
        for method in dict.fromkeys(row.labels["method"] for row in result.rows):
            style = "k--" if method == BOUND else "o-" if method in (CAE, SHIPPED) else ".-"
            points = sorted(methods.get(method, []))
            axis.plot([x for x, _ in points], [y for _, y in points], style, linewidth=1, label=method)
        axis.set_xscale("log")
        axis.set_title(data)
        axis.set_xlabel("compression ratio")
    axes[0].set_ylabel("SNDR of all spikes together, dB")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


EXPERIMENT = Experiment(
    name="frontier",
    title="Frontier: quality against compression ratio, all methods",
    configurations=configurations,
    run=run,
    designs=("wave_clus", "hc1"),
    figure=figure,
    remarks=(
        f"PCA, DCT, DWT and GWALM send {SAMPLE_BITS} bits a coefficient, as the paper counts them; the others are "
        "entropy-coded. ECVQ counts the bits of real Huffman codes, the scalar quantizer those of an ideal code fitted "
        "on training spikes, the autoencoder the entropy of its indices on test spikes.",
        "The Gaussian bound holds for coders that know the covariance alone. Spikes come in a few shapes, so a coder "
        "that has learned the shapes may lie above it.",
    ),
)
