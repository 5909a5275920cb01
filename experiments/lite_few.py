"""Few spikes to fit to: a linear encoder fitted anew, or from weights that were fitted before."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.lite_coders import POINTS, coders_of
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sources import WAVE_CLUS, read
from model.datasets import SpikeDataset
from model.datasets.spikes import VALIDATION_FRACTION, Split
from model.linear.fit import fit_from, fit_linear
from model.linear.linear_model import LinearModel
from spikecae.evaluation.quality import SAMPLE_BITS, sndr

__all__ = ["EXPERIMENT"]

QUIET, LOUD = WAVE_CLUS
POINT = POINTS[f"{QUIET}, CR 38.5"]
SPIKES = (100, 300, 1000)
SEEDS = (0, 1, 2)
ANEW, SAME, OTHER = "fitted anew", f"from weights of {QUIET}", f"from weights of {LOUD}"
EARLIER = {SAME: QUIET, OTHER: LOUD}
"""What weights were fitted to before: all training spikes of a recording."""


def configurations() -> list[Configuration]:
    """Every start for every number of spikes, and earlier weights as they are."""
    few = [
        Configuration({"spikes": str(spikes), "fit": fit}, {"spikes": spikes, "fit": fit}, SEEDS)
        for spikes in SPIKES
        for fit in (ANEW, SAME, OTHER)
    ]
    kept = [Configuration({"spikes": "none", "fit": fit}, {"spikes": 0, "fit": fit}) for fit in EARLIER]
    return [*few, *kept]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Fit, make integers, and code the test split of the quiet recording."""
    design, whole = POINT.design, read(WAVE_CLUS[QUIET], POINT.base)
    fit, spikes = str(parameters["fit"]), int(parameters["spikes"])
    before = [] if fit == ANEW else [read(WAVE_CLUS[EARLIER[fit]], POINT.base)]
    dataset = few(whole, spikes // design.block.spikes, seed) if spikes else before[0]
    if fit == ANEW:
        model = fit_linear(design, dataset, seed)
    else:
        model = earlier(EARLIER[fit])
        model = fit_from(design, model, dataset, seed) if spikes else model
    coder = coders_of(design, model, dataset)[0]
    coded = coder(whole.test.adc)
    quality = sndr(whole.test.spikes, coded.decoded)
    bits = float(coded.bits.mean()) / design.block.spikes
    return Outcome(
        metrics={
            "sndr_mean_db": quality.mean_db,
            "sndr_global_db": quality.global_db,
            "sndr_worst_db": quality.worst_db,
            "bits_per_spike": bits,
            "cr_huffman": design.block.samples * SAMPLE_BITS / bits,
        },
        provenance=whole.provenance,
        data=data_of(whole, *before),
        specs={} if coder.spec is None else {design.name: coder.spec.hash},
        seeded=bool(spikes),
    )


@cache
def earlier(recording: str) -> LinearModel:
    """What was fitted to all training spikes of a recording."""
    return fit_linear(POINT.design, read(WAVE_CLUS[recording], POINT.base), 0)


def few(dataset: SpikeDataset, blocks: int, seed: int) -> SpikeDataset:
    """So many blocks in a row of the training spikes, from a place drawn; the last of them validate."""
    first = int(np.random.default_rng(seed).integers(len(dataset.train) - blocks + 1))
    last, held_out = first + blocks, max(1, round(blocks * VALIDATION_FRACTION))
    return replace(
        dataset,
        train=_part(dataset.train, slice(first, last - held_out)),
        validation=_part(dataset.train, slice(last - held_out, last)),
    )


def _part(split: Split, blocks: slice) -> Split:
    return Split(split.adc[blocks], split.spikes[blocks], split.times_s[blocks], split.channels[blocks])


def _gain(found: Findings) -> str:
    """What earlier weights give, and what they do as they are."""
    texts = []
    for fit, recording in EARLIER.items():
        decibels, bits = (
            [
                found.mean(metric, {"spikes": str(spikes), "fit": fit})
                - found.mean(metric, {"spikes": str(spikes), "fit": ANEW})
                for spikes in SPIKES
            ]
            for metric in ("sndr_mean_db", "bits_per_spike")
        )
        kept = found.row({"spikes": "none", "fit": fit}).metrics
        texts.append(
            f"from weights of {recording} it has {_list(decibels, 2)} dB more in the mean and takes {_list(bits, 1)} "
            f"bits a spike more; these weights as they are have {kept['sndr_mean_db'].mean:.2f} dB in "
            f"{kept['bits_per_spike'].mean:.1f} bits"
        )
    return f"Of {_list(SPIKES, 0)} spikes, beside an encoder fitted anew: {'. '.join(texts)}."


def _list(values: Sequence[float], digits: int) -> str:
    *first, last = (f"{value:,.{digits}f}".replace("-", "−") for value in values)
    return f"{', '.join(first)} and {last}"


EXPERIMENT = Experiment(
    name="lite_few",
    title="Linear encoders: few spikes to fit to",
    configurations=configurations,
    run=run,
    designs=("lite",),
    remarks=(
        f"Design `lite`, fitted to so many spikes in a row of the training split of {QUIET}, from a place drawn by the "
        f"seed, an eighth of them to validate; chip's integers, real Huffman codes, all of the test split. Earlier "
        f"weights were fitted to the whole training split of {QUIET} itself, as of tissue that has not changed, or of "
        f"{LOUD}, as of tissue that has; their map, classes and normalization are where fitting begins.",
        _gain,
    ),
)
