"""What linear encoders might have had instead: nearest codewords, convolutions, a network as decoder, other codes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.lite_safety import kept_of_unit, tested_unit
from experiments.others.codebooks import BookCoder, at_bits
from experiments.others.contexts import class_after_class, differences, levels_by_class
from experiments.others.decoders import HIDDEN, network_for, sent_through
from experiments.others.fronts import trained_with
from experiments.others.places import (
    PLACES,
    Fitted,
    Sent,
    figures,
    fitted,
    level_work,
    sent_as_levels,
    settled,
)
from experiments.others.trained_books import map_for_books
from experiments.outcome import Outcome, Parameters, data_of
from model.evaluation import decode_units
from model.linear.fit import fit_linear, principal_map
from model.linear.linear_model import LinearModel, decimated
from model.linear.sample import Sample, sample_of
from quantize.linear.integers import integer_linear, latents_sent
from spikecae import golden
from spikecae.design.linear import Linear
from spikecae.evaluation.quality import sndr

__all__ = ["EXPERIMENT"]

QUIET, FEW, LOUD, TETRODE, EMBEDDED = PLACES
AS_IT_IS = "map, classes, levels"
CHOSEN = "chosen"
TWOS, ONES = "2+2+4+8", "1+2+3+4+6"
GROUPS = {
    QUIET: (TWOS, ONES, "1+1+2+2+4+6", "1+1+1+1+2+2+2+3+3", "4+4+8", "1+1+2+4+8"),
    FEW: ("2+2+4+4", "1+2+3+6", "1+1+2+3+5", "4+8", "2+4+6"),
    LOUD: (TWOS, ONES, "1+1+2+2+4+6", "2+2+2+2+4+4", "1+1+1+1+2+2+4+4"),
    TETRODE: ("+".join(["1"] * 8 + ["2"] * 4 + ["4"] * 4), "+".join(["1"] * 8 + ["2"] * 8 + ["4"] * 6)),
    EMBEDDED: ("+".join(["1"] * 8 + ["2"] * 12 + ["4"] * 8),),
}
"""Latents of each codebook, the candidates of which validation spikes choose."""
QUANTILES = (1.0, 0.995, 0.98, 0.97)
SEEDS = (0, 1, 2)
"""Of what is compared at the first place; one seed for all else."""
UNITS = (1, 2, 3)
Alternative = tuple[str, str, dict[str, str | int | float], bool]
"""What it is, how, parameters, and whether all seeds are run where there are several."""
CODES = {
    "classes": "classes by the class before",
    "levels": "levels by their class",
    "levels before": "levels by the class before",
    "differences": "differences to the spike before",
}
STAGES = {0: "none, map trained as long", 1: "one strided stage", 2: "a strided and a depthwise stage"}


def configurations() -> list[Configuration]:
    """At each place, the encoder as it is and what stands in its place; then units left out of training."""
    made = []
    for name in PLACES:
        for kind, how, parameters, seeded in _alternatives(name):
            seeds = SEEDS if seeded and name == QUIET else SEEDS[:1]
            labels = {"data": name, "what": kind, "how": how}
            made.append(Configuration(labels, {"place": name, "kind": kind, **parameters}, seeds))
        if name == QUIET:
            made += _left_out()
    return made


def _alternatives(name: str) -> Iterator[Alternative]:
    yield "linear", AS_IT_IS, {}, True
    yield "integers", AS_IT_IS, {}, True
    for hidden in HIDDEN if name == QUIET else ("64, 64",):
        yield "decoder", f"{hidden} hidden units beside the inverse", {"hidden": hidden}, True
    for how, said in CODES.items():
        yield "codes", said, {"how": how}, True
    yield from _codebooks(name)
    if name == QUIET:
        yield _books_row(CHOSEN, 1, "trained with them", 1.0, seeded=False)
        for stages, said in STAGES.items():
            yield "conv", said, {"stages": stages}, False
    if name == TETRODE:
        yield "one by one", "each contact by itself", {"joint": 0, "features": 16, "codewords": 8}, False


def _codebooks(name: str) -> Iterator[Alternative]:
    if name == QUIET:
        for source in ("trained", "principal"):
            yield from (_books_row(groups, 0, source, 1.0) for groups in (TWOS, ONES, CHOSEN))
        yield _books_row(CHOSEN, 1, "principal", 1.0)
    yield from (
        _books_row(CHOSEN, 1, "trained", quantile) for quantile in (QUANTILES if name == QUIET else QUANTILES[::2])
    )


def _books_row(groups: str, classes: int, source: str, quantile: float, *, seeded: bool = True) -> Alternative:
    bound = "no escape" if quantile == 1 else f"escape beyond {quantile:g}"
    how = f"{source} map, {'classes, then ' if classes else ''}{groups}, {bound}"
    return "codebooks", how, {"groups": groups, "classes": classes, "map": source, "quantile": quantile}, seeded


def _left_out() -> Iterator[Configuration]:
    """Alternatives that were fitted without a unit, and asked for its spikes."""
    books: dict[str, str | int | float] = {"kind": "codebooks", "groups": CHOSEN, "map": "trained"}
    cases: dict[tuple[str, str], dict[str, str | int | float]] = {
        ("linear", AS_IT_IS): {"kind": "linear"},
        ("decoder", "64, 64 hidden units beside the inverse"): {"kind": "decoder", "hidden": "64, 64"},
        ("codebooks", "no escape"): {**books, "classes": 0, "quantile": 1.0},
        ("codebooks", "classes first, no escape"): {**books, "classes": 1, "quantile": 1.0},
        ("codebooks", "classes first, escape beyond 0.98"): {**books, "classes": 1, "quantile": 0.98},
    }
    for unit in UNITS:
        for (kind, how), parameters in cases.items():
            labels = {"data": QUIET, "what": kind, "how": f"{how}; unit {unit} left out"}
            yield Configuration(labels, {"place": QUIET, "left_out": unit, **parameters})


def run(parameters: Parameters, seed: int) -> Outcome:
    """One alternative at one place: fitted, made to take the bits of the place, and measured."""
    name, unit = str(parameters["place"]), int(parameters.get("left_out", 0))
    at = fitted(name, seed, unit)
    metrics = _of_unit(at, parameters, seed, unit) if unit else _measured(at, parameters, seed)
    dataset = at.place.of.dataset
    return Outcome(metrics=metrics, provenance=dataset.provenance, data=data_of(dataset), seeded=True)


def _measured(at: Fitted, parameters: Parameters, seed: int) -> dict[str, float]:
    kind = str(parameters["kind"])
    if kind == "codes":
        return _coded_otherwise(at, str(parameters["how"]))
    if kind == "decoder":
        network = network_for(at, HIDDEN[str(parameters["hidden"])], seed)
        return figures(at, *(sent_through(at, network, part) for part in (at.train, at.test))) | _work(at)
    if kind == "codebooks":
        coder = _books(at, parameters, seed)
        sent = [coder.sent(part.normalized) for part in (at.train, at.test)]
        escaped = 100 * coder.quantized(at.test.normalized)[2]
        columns = at.design.encoder.latent_samples(at.design.block) / at.design.block.spikes
        return figures(at, *sent) | coder.work(columns) | {"escaped_percent": escaped}
    if kind == "integers":
        return figures(at, *_in_integers(at)) | _work(at)
    front = 0
    if kind == "conv":
        fronted = trained_with(at, int(parameters["stages"]), seed)
        front = fronted.front.macs(at.design.block.samples)
        model, code = settled(at.design, fronted, at.dataset, at.tuned)
    else:
        if kind != "linear":
            at = _mapped_otherwise(at, parameters, seed)
        model, code = at.model, at.code
    sent = [sent_as_levels(model, code, part) for part in (at.train, at.test)]
    return figures(at, *sent) | level_work(model, code, at.design, front)


def _in_integers(at: Fitted) -> list[Sent]:
    """Training and test blocks as the chip encodes them."""
    spec, model = integer_linear(at.design, at.model, at.dataset)
    sent = []
    for part in (at.train, at.test):
        encoded = golden.encode(spec, part.split.adc)
        sent.append(Sent(model.decode(latents_sent(spec, encoded.indices)), encoded.payload_bits))
    return sent


def _work(at: Fitted) -> dict[str, float]:
    return level_work(at.model, at.code, at.design)


def _coded_otherwise(at: Fitted, how: str) -> dict[str, float]:
    """The same levels in other codes; differences have levels of their own, of the same width."""
    if how == "differences":
        train, test, share = differences(at)
        return figures(at, train, test) | _work(at) | {"share_expected": share}
    if how == "classes":
        known, bits, entries = class_after_class(at)
    else:
        known, bits, entries = levels_by_class(at, of_the_one_before=how == "levels before")
    sent = [
        replace(sent_as_levels(at.model, at.code, part), bits=taken.reshape(len(part.split), -1).sum(axis=1))
        for part, taken in ((at.train, known), (at.test, bits))
    ]
    return figures(at, *sent) | _work(at) | {"table_entries": entries}


def _mapped_otherwise(at: Fitted, parameters: Parameters, seed: int) -> Fitted:
    """A linear encoder that maps other spikes together."""
    content = at.design.model_dump()
    content["encoder"] |= {"joint": bool(parameters["joint"]), "features": int(parameters["features"])}
    content["codebook"] |= {"codewords": int(parameters["codewords"]), "rate_weight": 0.0}
    design = type(at.design).model_validate(content)
    model, code = settled(design, fit_linear(design, at.dataset, seed), at.dataset, at.tuned)
    return replace(at, design=design, model=model, code=code)


def _books(at: Fitted, parameters: Parameters, seed: int) -> BookCoder:
    groups, quantile = str(parameters["groups"]), float(parameters["quantile"])
    if groups == CHOSEN:
        groups = chosen_groups(_name(at))
    sizes = [int(size) for size in groups.split("+")]
    source = str(parameters["map"])
    unit = _principal(at) if source == "principal" else at.model
    if not int(parameters["classes"]):
        unit = replace(unit, classes=np.zeros((0, len(unit.bias))), class_cost=np.zeros(0))
    elif source == "principal":
        unit = replace(unit, classes=_means(at, unit))
    if source == "trained with them":
        unit = map_for_books(at, at_bits(at, unit, sizes, 1.0, seed), seed)
    return at_bits(at, unit, sizes, quantile, seed)


def _name(at: Fitted) -> str:
    (name,) = (name for name, place in PLACES.items() if place == at.place)
    return name


@cache
def chosen_groups(name: str) -> str:
    """Of the groups tried at a place, those with the best mean and worst validation spikes at the bits of the place."""
    known = fitted(name, 0)
    at = replace(known, tuned=known.validation)
    if len(GROUPS[name]) == 1:
        return GROUPS[name][0]

    def quality(groups: str) -> float:
        coder = at_bits(at, at.model, [int(size) for size in groups.split("+")], 1.0, 0)
        decoded = coder.sent(at.validation.normalized).decoded
        found = sndr(at.validation.split.spikes, decode_units(decoded, at.model.normalization, at.design))
        return found.mean_db + found.worst_db

    return max(GROUPS[name], key=quality)


def _principal(at: Fitted) -> LinearModel:
    """The principal components of the training spikes, as many as the encoder has latents."""
    model = at.model
    samples = decimated(at.train.normalized, model.decimation)
    scale = model.normalization.scale.astype(np.float64)[:: model.decimation]
    weight = principal_map(samples, scale, Linear.of(at.design.encoder).features, joint=model.joint)
    return replace(model, weight=weight / np.abs(weight).max() * np.abs(model.weight).max())


def _means(at: Fitted, unit: LinearModel) -> np.ndarray:
    """Means, in the latents of ``unit``, of the training columns of each class of the encoder as it is."""
    chosen = at.model.choose(at.model.latents(at.train.normalized)).ravel()
    columns = unit.latents(at.train.normalized).transpose(0, 2, 1).reshape(len(chosen), -1)
    return np.stack([columns[chosen == number].mean(axis=0) for number in np.unique(chosen)])


def _of_unit(at: Fitted, parameters: Parameters, seed: int, unit: int) -> dict[str, float]:
    """What is left of the unit's test spikes, and in how many bits."""
    point = at.place.of
    split = tested_unit(point, point.dataset, unit)
    sample = sample_of(split, at.model.normalization)
    sent = _sent_of(at, parameters, seed, sample)
    decoded = decode_units(sent.decoded, at.model.normalization, at.design)
    quality = sndr(split.spikes, decoded)
    return {
        "sndr_mean_db": quality.mean_db,
        "sndr_global_db": quality.global_db,
        "sndr_worst_db": quality.worst_db,
        "bits_per_spike": float(sent.bits.mean()) / split.spikes.shape[1],
        **kept_of_unit(point, point.dataset, unit, decoded),
    }


def _sent_of(at: Fitted, parameters: Parameters, seed: int, sample: Sample) -> Sent:
    kind = str(parameters["kind"])
    if kind == "codebooks":
        return _books(at, parameters, seed).sent(sample.normalized)
    if kind == "decoder":
        return sent_through(at, network_for(at, HIDDEN[str(parameters["hidden"])], seed), sample)
    return sent_as_levels(at.model, at.code, sample)


def _against(found: Findings, name: str, what: str, how: str) -> str:
    """An alternative's quality less that of the encoder as it is: mean, all together, worst."""
    at = {"data": name}
    rows = found.row(at | {"what": "linear", "how": AS_IT_IS}), found.row(at | {"what": what, "how": how})
    gains = [
        rows[1].metrics[m].mean - rows[0].metrics[m].mean for m in ("sndr_mean_db", "sndr_global_db", "sndr_worst_db")
    ]
    return f"{gains[0]:+.1f}, {gains[1]:+.1f} and {gains[2]:+.1f} dB"


def _said_of_codebooks(found: Findings) -> str:
    """Codewords in place of levels."""
    books = "trained map, classes, then chosen"
    escaping = _against(found, QUIET, "codebooks", f"{books}, escape beyond 0.98")
    return (
        f"Beside classes and levels, at {QUIET}, in the mean, of all spikes together and in the worst 5 %: codebooks "
        f"of {ONES} latents have {_against(found, QUIET, 'codebooks', f'trained map, {ONES}, no escape')}; of groups "
        f"chosen on validation spikes, behind classes, {_against(found, QUIET, 'codebooks', f'{books}, no escape')}; "
        f"with escapes beyond a quantile of 0.98, {escaping}."
    )


def _said_of_maps_and_decoders(found: Findings) -> str:
    """What is before the levels, and behind."""
    alone = _against(found, QUIET, "conv", STAGES[0])
    front = _against(found, QUIET, "conv", STAGES[1])
    network = _against(found, QUIET, "decoder", "64, 64 hidden units beside the inverse")
    return (
        f"There, a strided convolution with ReLU before the map, which begins as the map alone, has {front}; the map "
        f"alone, trained as long, {alone}. A network of two hidden layers beside the decoder's inverse has {network}."
    )


def _said_of_codes(found: Findings) -> str:
    """Codes that know more."""
    bits = {how: found.mean("bits_per_spike", {"data": QUIET, "how": how}) for how in CODES.values()}
    plain = found.mean("bits_per_spike", {"data": QUIET, "what": "linear", "how": AS_IT_IS})
    saved = ", ".join(f"{how} {100 * (1 - value / plain):.1f} %" for how, value in bits.items())
    return f"Bits that other codes of the same levels save there: {saved}."


EXPERIMENT = Experiment(
    name="lite_others",
    title="Linear encoders: what might stand in their place",
    configurations=configurations,
    run=run,
    designs=("lite", "lite_tetrode", "lite_probe", "wave_clus", "hc1", "neuropixels"),
    remarks=(
        _said_of_codebooks,
        _said_of_maps_and_decoders,
        _said_of_codes,
        "In floats, latents on the chip's grid and weights of the map of as many bits as the design's, but for "
        "the row of integers. All but other codes of the same levels are made to take the bits of the place on "
        "the test split, by the width of levels or by what a bit is worth to a codebook; weights of few bits let "
        "levels take 1 % less at times, and four codebooks of 128 words cannot take more than their codes have. "
        "All else is fitted to the training split and chosen on the validation split. Bits are those of real "
        "Huffman and Golomb codes. A difference is to a share of the spike before as it came back, which "
        "validation spikes choose: share_expected. training_…: of the training spikes.",
        "Codebooks have 128 codewords at most, entropy-constrained; what is farther from its winner than a "
        "quantile of the training distances escapes: a reserved symbol, the winner, and the residual's levels in "
        "Golomb codes. Chosen groups are those of a few candidates that suit validation spikes best behind "
        "classes. Units left out of training take the bits of the place on validation spikes. WaveMAP's templates "
        "are mean waveforms of one channel each: they have neither neighbours nor an order, so that nothing of "
        "joint or successive spikes can be measured on them.",
    ),
)
