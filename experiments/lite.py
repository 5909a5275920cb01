"""Linear encoders at the rates of the comparison: beside the autoencoder as shipped, and entropy-coded PCA."""

import numpy as np
from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings, span
from experiments.lite_coders import POINTS, Coder, Point, cae_coder, lite_coder, pca_coder
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import WAVE_CLUS, tested_labels
from experiments.training import shipped
from quantize.linear.measure import worst_unit
from rtl.planning import make_plan
from spikecae.design import Linear
from spikecae.evaluation.quality import SAMPLE_BITS, sndr
from spikecae.spec import EncoderSpec
from spikecae.stages import Convolution, Levels

__all__ = ["EXPERIMENT"]

CAE, PCA, LITE = "autoencoder, shipped", "PCA, ideal entropy code", "linear"
SHIPPED = ("D2 0.05, CR 38.5", "HC1, CR 30", "embedded, CR 24.5")
"""Where there is a shipped autoencoder of such spikes; its own rate is what it is."""
SEEDS = (0, 1, 2)


def configurations() -> list[Configuration]:
    """Every method at every point."""
    made = []
    for name, point in POINTS.items():
        methods = [*([CAE] if name in SHIPPED else []), PCA, LITE]
        for method in methods:
            parameters: dict[str, str | int | float] = {"point": name, "method": method}
            if method == LITE:
                encoder, codebook = Linear.of(point.design.encoder), point.design.codebook
                parameters |= {
                    "features": encoder.features,
                    "decimation": encoder.decimation,
                    "weight_bits": point.design.quantization.weight_bits,
                    "codewords": codebook.codewords,
                    "rate_weight": codebook.rate_weight,
                    "bits": encoder.bits_per_spike,
                }
            labels = {"data": point.data, "at": f"CR {point.ratio:g}", "method": method}
            made.append(Configuration(labels, parameters, SEEDS if method == LITE else (0,)))
    return made


def run(parameters: Parameters, seed: int) -> Outcome:
    """One method at one point, on the test split."""
    point, method = POINTS[str(parameters["point"])], str(parameters["method"])
    dataset = point.dataset
    coder = _coder(point, method, seed)
    coded = coder(dataset.test.adc)
    spikes, decoded = dataset.test.spikes, coded.decoded
    blocks, queued, samples = spikes.shape
    quality = sndr(spikes, decoded)
    bits = coded.bits / queued
    metrics = {
        "sndr_mean_db": quality.mean_db,
        "sndr_global_db": quality.global_db,
        "sndr_worst_db": quality.worst_db,
        "bits_per_spike": float(bits.mean()),
        "bits_p99": float(np.percentile(bits, 99)),
        "cr_entropy" if method == PCA else "cr_huffman": samples * SAMPLE_BITS / float(bits.mean()),
    }
    if point.data in WAVE_CLUS:
        labels = tested_labels(WAVE_CLUS[point.data], blocks * queued)
        metrics["sndr_worst_unit_db"] = worst_unit(spikes, decoded, labels)
    specs = {}
    if coder.spec is not None:
        specs = {point.base.name: coder.spec.hash}
        metrics |= {"macs_per_spike": _macs(point, coder.spec) / queued, "table_entries": float(_entries(coder.spec))}
    if method == LITE:
        metrics["escaped_percent"] = 100 * coded.escaped
    return Outcome(
        metrics=metrics, provenance=dataset.provenance, data=data_of(dataset), specs=specs, seeded=method == LITE
    )


def _coder(point: Point, method: str, seed: int) -> Coder:
    base, dataset = point.base, point.dataset
    if method == CAE:
        return cae_coder(base, shipped(base).checkpoint, dataset)
    if method == PCA:
        return pca_coder(base, dataset, base.block.samples * SAMPLE_BITS / point.ratio)
    return lite_coder(point.design, dataset, seed)


def _macs(point: Point, spec: EncoderSpec) -> float:
    """Multiply-accumulates of a block, search included."""
    quantizer, mapped = spec.quantizer, spec.transforms[0]
    if isinstance(quantizer, Levels) and isinstance(mapped, Convolution):
        classes = sum(group.words.size for group in quantizer.classes)
        return float((mapped.weight.size + classes) * quantizer.columns)
    parts = make_plan(spec, point.base.hardware).parts
    return float(sum(layer.macs for part in parts for layer in part.layers()))


def _entries(spec: EncoderSpec) -> int:
    tables: tuple[np.ndarray, ...] = spec.coder.tables
    return sum(table.size for table in tables)


def figure(result: ExperimentResult) -> Figure:
    """The three figures of quality of each method, a panel for each point."""
    drawn, axes = subplots(len(POINTS), (12.0, 3.0))
    kinds = {"sndr_mean_db": "mean", "sndr_global_db": "all together", "sndr_worst_db": "worst 5 %"}
    for axis, (name, point) in zip(axes, POINTS.items(), strict=True):
        rows = [
            row for row in result.rows if (row.labels["data"], row.labels["at"]) == (point.data, f"CR {point.ratio:g}")
        ]
        for place, row in enumerate(rows):
            axis.bar(
                [i + 0.25 * place for i in range(len(kinds))],
                [row.metrics[metric].mean for metric in kinds],
                0.22,
                yerr=[row.metrics[metric].deviation or 0.0 for metric in kinds],
                label=row.labels["method"],
                color=f"C{(CAE, PCA, LITE).index(row.labels['method'])}",
            )
        axis.set_xticks(range(len(kinds)), list(kinds.values()), fontsize=6)
        axis.set_title(name)
    axes[0].set_ylabel("SNDR, dB")
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    return drawn


def _gain(found: Findings) -> str:
    """What linear encoders have over PCA."""
    over = {
        metric: [
            found.mean(metric, labels | {"method": LITE}) - found.mean(metric, labels | {"method": PCA})
            for labels in ({"data": p.data, "at": f"CR {p.ratio:g}"} for p in POINTS.values())
        ]
        for metric in ("sndr_mean_db", "sndr_global_db", "sndr_worst_db")
    }
    texts = [
        f"{span(values)} dB {name}"
        for name, values in zip(
            ("in the mean", "of all spikes together", "of the worst 5 %"), over.values(), strict=True
        )
    ]
    return f"Over PCA with an ideal code, the linear encoders have {', '.join(texts[:2])} and {texts[2]}."


EXPERIMENT = Experiment(
    name="lite",
    title="Linear encoders: a map, classes and levels",
    configurations=configurations,
    run=run,
    designs=("lite", "lite_tetrode", "lite_probe", "wave_clus", "hc1", "neuropixels"),
    figure=figure,
    remarks=(
        "Encoders run in the chip's integers by the golden model; bits are those of real Huffman codes with escapes. "
        "Linear encoders are fitted to the training split and settle on the validation split. PCA's step is chosen so "
        "that test spikes take the bits of the point under an ideal code of the training levels. All are measured on "
        "the test split. The shipped autoencoders have rates of their own.",
        _gain,
        "sndr_worst_db: 5 % of the spikes have less. sndr_worst_unit_db: all spikes of the unit whose ratio is least, "
        "where the recording names units. bits_p99: one block in a hundred takes more. escaped_percent: of the symbols "
        "that can say that levels lie outside of their box, those that do. macs_per_spike: multiply-accumulates of the "
        "transforms and the search.",
    ),
)
