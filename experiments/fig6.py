"""Fig. 6, what more codewords and more features are worth: HC1, and the embedded Neuropixels-like recording."""

from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings, span
from experiments.outcome import Outcome, Parameters
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import HC1, read
from experiments.training import DESIGNS, trained, with_settings
from experiments.training_runs import measured
from spikecae.design import load_design

__all__ = ["EXPERIMENT"]

SWEEPS: dict[str, tuple[str, str | None, int, tuple[tuple[int, int], ...]]] = {
    "HC1": ("hc1", HC1, 10, ((16, 16), (32, 16), (64, 16), (128, 16), (32, 4), (32, 64))),
    "neuropixels-like": ("neuropixels", None, 5, ((256, 16), (2048, 16), (256, 4), (256, 64))),
}
"""Design, file, epochs, and the pairs of K and N."""


def configurations() -> list[Configuration]:
    """Either varied from the design's own."""
    return [
        Configuration(
            labels={"data": data, "K": str(codewords), "N": str(features)},
            parameters={"data": data, "codewords": codewords, "features": features, "epochs": epochs},
        )
        for data, (_, _, epochs, pairs) in SWEEPS.items()
        for codewords, features in pairs
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Train and test."""
    name, file, _, _ = SWEEPS[str(parameters["data"])]
    codewords, features = int(parameters["codewords"]), int(parameters["features"])
    design = with_settings(load_design(DESIGNS / f"{name}.toml"), "best", seed, codewords=codewords, features=features)
    dataset = read(file, design)
    return measured(design, trained(design, dataset, int(parameters["epochs"])), dataset)


def figure(result: ExperimentResult) -> Figure:
    """SNDR against bits per spike; one line varies K, the other N."""
    measured_on = list(dict.fromkeys(row.labels["data"] for row in result.rows))
    drawn, axes = subplots(len(measured_on), (0.6 + 3.4 * len(measured_on), 2.8))
    for axis, data in zip(axes, measured_on, strict=True):
        rows = [row for row in result.rows if row.labels["data"] == data]
        for knob, other, style, above in (("K", "N", "o-", -9), ("N", "K", "s--", 5)):
            fixed = str(SWEEPS[data][3][0][1]) if other == "N" else str(SWEEPS[data][3][-1][0])
            points = sorted(
                (row.metrics["bits_per_spike"].mean, row.metrics["sndr_mean_db"].mean, row.labels[knob])
                for row in rows
                if row.labels[other] == fixed
            )
            axis.plot([x for x, _, _ in points], [y for _, y, _ in points], style, ms=4, label=f"{knob} varied")
            for x, y, value in points:
                axis.annotate(f"{knob}={value}", (x, y), textcoords="offset points", xytext=(4, above), fontsize=6)
        axis.set(xscale="log", xlabel="bits per spike (entropy)", title=data)
        axis.margins(x=0.2)
    axes[0].set_ylabel("SNDR (mean), dB")
    axes[0].legend()
    return drawn


def worth(findings: Findings) -> str:
    """What codewords and features bring, beside what the paper says."""

    def gains(knob: str, factor: int) -> list[float]:
        found = []
        for row in findings.rows:
            more = {**row.labels, knob: str(factor * int(row.labels[knob]))}
            if any(other.labels == more for other in findings.rows):
                found.append(findings.mean("sndr_mean_db", more) - row.metrics["sndr_mean_db"].mean)
        return found

    return (
        "M = 4. The paper reports that 8 times as many codewords are worth about 1 dB, 4 times as many features 3 to "
        f"4 dB. Here the first is worth {span(gains('K', 8))} dB, the second {span(gains('N', 4))} dB. The trainings "
        "are short, which probably keeps back the larger networks most: compare rows with each other, not with other "
        "tables."
    )


EXPERIMENT = Experiment(
    name="fig6",
    title="Fig. 6: codewords and features",
    configurations=configurations,
    run=run,
    designs=("hc1", "neuropixels"),
    figure=figure,
    remarks=(worth,),
)
