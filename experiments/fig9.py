"""Fig. 9, spike sorting before and after compression: three principal components, k-means from 500 starts."""

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings, MissingRow, at_most
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sorting import sorting_metrics
from experiments.sources import WAVE_CLUS, read, tested_labels
from experiments.training import DESIGNS, shipped, trained
from experiments.training_runs import BATCH, EPOCHS, without_dropout
from model.evaluation import decode_units, evaluate, run_model
from spikecae.design import load_design

__all__ = ["EXPERIMENT"]

SHIPPED = "4/16, shipped"


def configurations() -> list[Configuration]:
    """Both sequences at M/N = 1/4, 1/2, 1."""
    made = [
        Configuration(
            labels={"data": data, "M/N": f"{spikes}/16"},
            parameters={"data": data, "spikes": spikes, "epochs": EPOCHS[spikes], "batch": BATCH},
        )
        for spikes in EPOCHS
        for data in WAVE_CLUS
    ]
    return [Configuration({"data": "D2 0.05", "M/N": SHIPPED}, {"data": "D2 0.05", "spikes": 0}), *made]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Sort the test spikes as recorded and as decoded; only spikes with a label count."""
    name = WAVE_CLUS[str(parameters["data"])]
    design = load_design(DESIGNS / "wave_clus.toml")
    if parameters["spikes"]:
        design = without_dropout(design, int(parameters["spikes"]), seed, int(parameters["batch"]))
        dataset = read(name, design)
        model = trained(design, dataset, int(parameters["epochs"]))
    else:
        dataset, model = read(name, design), shipped(design)
    outputs, _ = run_model(model.checkpoint.model, model.checkpoint.normalization, dataset.test.adc)
    decoded = decode_units(outputs, model.checkpoint.normalization, design).reshape(-1, design.block.samples)
    original = dataset.test.spikes.reshape(decoded.shape)
    labels = tested_labels(name, len(original))
    known = labels > 0
    figures = evaluate(model.checkpoint.model, model.checkpoint.normalization, dataset.test, design)
    metrics = {
        "cr_entropy": figures.cr_entropy,
        "sndr_mean_db": figures.sndr.mean_db,
        **sorting_metrics(original[known], decoded[known], labels[known], seed),
    }
    return Outcome(
        metrics=metrics,
        provenance=dataset.provenance,
        data=data_of(dataset),
        epochs=model.report.epochs,
        seeded=True,
    )


def drops(findings: Findings) -> str:
    """The greatest drop of each sequence, under models that were trained for this."""

    def worst(data: str) -> str:
        rows = [row for row in findings.select({"data": data}) if row.labels["M/N"] != SHIPPED]
        if not rows:
            raise MissingRow(f"no model of {data} trained for this")
        ratio = max(row.metrics["cr_entropy"].mean for row in rows)
        return f"at most {at_most([row.metrics['drop_percent'].mean for row in rows])} % up to CR {ratio:.0f}"

    quiet, loud = WAVE_CLUS
    return (
        f"Here the drop at noise 0.05 is {worst(quiet)}, at noise 0.2 {worst(loud)}, the shipped model aside. How a "
        "short recording is trained matters most: see "
        "[decisions](decisions.md#short-recordings-train-with-small-steps-and-no-dropout)."
    )


EXPERIMENT = Experiment(
    name="fig9",
    title="Fig. 9: spike sorting before and after compression, C_Difficult2",
    configurations=configurations,
    run=run,
    designs=("wave_clus",),
    remarks=(
        "The paper reports at noise 0.05 a drop below 4 % up to CR 178, at the highest noise mostly below 5 %, flat up "
        "to CR 64. Spikes that the file assigns to no unit (probably overlaps) are not counted. A positive drop is a "
        "loss.",
        drops,
    ),
)
