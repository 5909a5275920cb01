"""Fig. 5, codebook usage: entropy of the indices for K = 32, 64, 128 on pooled Wave_Clus spikes. M/N = 1/4."""

from experiments.experiment import Configuration, Experiment
from experiments.outcome import Outcome, Parameters
from experiments.sources import WAVE_CLUS, data_file
from experiments.training import DESIGNS, trained, with_settings
from experiments.training_runs import measured
from model.datasets.pooling import pooled
from model.datasets.readers.matlab import read_matlab
from spikecae.design import load_design
from spikecae.opening.description import Description

__all__ = ["EXPERIMENT"]

EPOCHS = 25
PAPER_BITS = {32: 4.84, 64: 5.82, 128: 6.78}


def configurations() -> list[Configuration]:
    """The three codebooks."""
    return [
        Configuration(
            labels={"K": str(codewords)},
            parameters={"codewords": codewords, "epochs": EPOCHS},
            paper={"entropy_bits": bits},
        )
        for codewords, bits in PAPER_BITS.items()
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Train on the pooled sequences and count the indices of their second halves."""
    design = load_design(DESIGNS / "wave_clus.toml")
    design = with_settings(design, "best", seed, codewords=int(parameters["codewords"]))
    dataset = pooled([read_matlab(data_file(name), design, Description()) for name in WAVE_CLUS.values()], design)
    return measured(design, trained(design, dataset, int(parameters["epochs"])), dataset)


EXPERIMENT = Experiment(
    name="fig5",
    title="Fig. 5: entropy of the codebook's indices",
    configurations=configurations,
    run=run,
    designs=("wave_clus",),
    remarks=(
        "Pooled here are C_Difficult2 at noise 0.05 and 0.2, the two sequences at hand; the paper pools four "
        "sequences at noise 0.1.",
    ),
)
