"""Fig. 10, misalignment: spikes moved by up to so many samples, coded as they are, or back to where they were."""

from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment, Outcome, Parameters
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import WAVE_CLUS, read
from experiments.training import DESIGNS, trained, with_settings
from experiments.training_runs import measured
from model.datasets.misalignment import misaligned
from spikecae.design import load_design

__all__ = ["EXPERIMENT"]

DATA = "D2 0.2"
JITTERS = (0, 2, 6, 10)
EPOCHS = 100
PAPER_ALIGNED_DB = 10.95
PLAIN, DENOISING = "plain", "denoising"


def configurations() -> list[Configuration]:
    """Every jitter with and without the denoising loss; without jitter they are the same."""
    return [
        Configuration(
            labels={"jitter, samples": str(jitter), "loss": loss},
            parameters={"jitter": jitter, "loss": loss, "epochs": EPOCHS},
            paper={} if jitter else {"sndr_mean_db": PAPER_ALIGNED_DB},
        )
        for jitter in JITTERS
        for loss in ((PLAIN, DENOISING) if jitter else (PLAIN,))
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Train on moved spikes, test on moved spikes."""
    design = with_settings(load_design(DESIGNS / "wave_clus.toml"), "best", seed)
    denoise = parameters["loss"] == DENOISING
    dataset = misaligned(read(WAVE_CLUS[DATA], design), design, int(parameters["jitter"]), denoise, seed)
    return measured(design, trained(design, dataset, int(parameters["epochs"])), dataset)


def figure(result: ExperimentResult) -> Figure:
    """SNDR against jitter."""
    drawn, (axis,) = subplots(1, (4.2, 2.8))
    for loss, style in ((PLAIN, "o-"), (DENOISING, "s-")):
        points = {
            int(row.labels["jitter, samples"]): row.metrics["sndr_mean_db"].mean
            for row in result.rows
            if row.labels["loss"] == loss or row.labels["jitter, samples"] == "0"
        }
        jitters = sorted(points)
        axis.plot(jitters, [points[jitter] for jitter in jitters], style, ms=4, label=loss)
    axis.plot([0], [PAPER_ALIGNED_DB], "k*", label="reported, aligned")
    axis.set(xlabel="jitter, ± samples", ylabel="SNDR (mean), dB", xticks=JITTERS)
    axis.legend()
    return drawn


EXPERIMENT = Experiment(
    name="fig10",
    title="Fig. 10: misaligned spikes, C_Difficult2 at noise 0.2",
    configurations=configurations,
    run=run,
    figure=figure,
    remarks=(
        "Every spike is moved by a whole number of samples, uniformly drawn, in training and in test; what comes in at "
        "the edge is a reflection, because the file holds nothing beyond its snippets. *plain* is trained towards and "
        "measured against the moved spikes, *denoising* the spikes as they were before.",
        "The paper reports 10.95 dB without jitter, a loss of 1 to 6 dB with it, and that the denoising loss recovers "
        "much of that.",
    ),
)
