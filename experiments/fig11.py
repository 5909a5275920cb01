"""Fig. 11, overlapping spikes: quality of the spikes that the file assigns to no unit, beside the others."""

import numpy as np

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sources import WAVE_CLUS, read, tested_labels
from experiments.training import DESIGNS, shipped
from model.evaluation import decode_units, run_model
from spikecae.design import load_design
from spikecae.evaluation.quality import sndr

__all__ = ["EXPERIMENT"]


def configurations() -> list[Configuration]:
    """Spikes of a unit, and the others."""
    return [
        Configuration(labels={"data": "D2 0.05", "spikes": group}, parameters={"data": "D2 0.05", "group": group})
        for group in ("of one unit", "of none, probably overlaps")
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Quality of one group of the test spikes under the shipped model."""
    name = WAVE_CLUS[str(parameters["data"])]
    design = load_design(DESIGNS / "wave_clus.toml")
    dataset, model = read(name, design), shipped(design)
    outputs, _ = run_model(model.checkpoint.model, model.checkpoint.normalization, dataset.test.adc)
    decoded = decode_units(outputs, model.checkpoint.normalization, design).reshape(-1, design.block.samples)
    original = dataset.test.spikes.reshape(decoded.shape)
    known = tested_labels(name, len(original)) > 0
    chosen = known if parameters["group"] == "of one unit" else ~known
    quality = sndr(original[chosen], decoded[chosen])
    metrics = {
        "spikes": float(np.count_nonzero(chosen)),
        "sndr_mean_db": quality.mean_db,
        "sndr_global_db": quality.global_db,
    }
    return Outcome(
        metrics=metrics,
        provenance=dataset.provenance,
        data=data_of(dataset),
        epochs=model.report.epochs,
        seeded=True,
    )


def shape(_: Findings) -> str:
    """Of the shipped network."""
    design = load_design(DESIGNS / "wave_clus.toml")
    return (
        f"The shipped model, K = {design.codebook.codewords}, M/N = {design.block.spikes}/{design.encoder.features}. "
        "The paper shows examples and reports no number."
    )


EXPERIMENT = Experiment(
    name="fig11",
    title="Fig. 11: overlapping spikes",
    configurations=configurations,
    run=run,
    designs=("wave_clus",),
    remarks=(shape,),
)
