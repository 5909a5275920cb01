"""Several rates on one chip: the shipped linear encoders with operating points at a half and a quarter of their bits,
against encoders that were fitted for that rate alone."""

from functools import cache

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.lite_coders import POINTS, Coder, Point, coders_of
from experiments.outcome import Outcome, Parameters, data_of
from model.linear.fit import fit_linear
from model.linear.linear_model import LinearModel
from spikecae.design import Design
from spikecae.design.linear import Linear
from spikecae.evaluation.quality import SAMPLE_BITS, sndr

__all__ = ["EXPERIMENT"]

CHIPS = ("D2 0.05, CR 38.5", "HC1, CR 30", "embedded, CR 24.5")
PARTS = {1: "all", 2: "half", 4: "a quarter"}
"""Of the shipped design's bits a spike."""
SHARED, OWN = "of the chip, for all three", "for this rate alone"
SEEDS = {CHIPS[0]: (0, 1, 2)}
"""Of those that take the longest, one."""


def configurations() -> list[Configuration]:
    """Each rate with the chip's map and groups, and with its own."""
    made = []
    for name in CHIPS:
        point = POINTS[name]
        for part, said in PARTS.items():
            for how in (SHARED, OWN):
                labels = {"data": point.data, "design": point.shipped, "bits": said, "map and groups": how}
                parameters: Parameters = {"point": name, "part": part, "fitted": how}
                made.append(Configuration(labels, parameters, SEEDS.get(name, (0,))))
    return made


def at_part(point: Point, part: int) -> float:
    """That part of a shipped design's bits, to a tenth."""
    return round(Linear.of(point.design.encoder).bits_per_spike / part, 1)


def with_bits(point: Point, bits: float, *further: float) -> Design:
    """The shipped design at other rates."""
    update = {"bits_per_spike": bits, "further_bits_per_spike": list(further)}
    encoder = Linear.of(point.design.encoder).model_copy(update=update)
    return point.design.model_copy(update={"encoder": encoder})


@cache
def fitted(name: str, part: int, seed: int) -> LinearModel:
    """The encoder for one rate."""
    point = POINTS[name]
    return fit_linear(with_bits(point, at_part(point, part)), point.dataset, seed)


@cache
def coders(name: str, parts: tuple[int, ...], seed: int) -> tuple[Coder, ...]:
    """A chip that has the rates of these parts, the map fitted for the first of them."""
    point = POINTS[name]
    design = with_bits(point, *(at_part(point, part) for part in parts))
    return coders_of(design, fitted(name, parts[0], seed), point.dataset)


def run(parameters: Parameters, seed: int) -> Outcome:
    """Fit, make integers, and code the test split."""
    name, part = str(parameters["point"]), int(parameters["part"])
    point = POINTS[name]
    parts = tuple(PARTS) if parameters["fitted"] == SHARED else (part,)
    coder = coders(name, parts, seed)[parts.index(part)]
    dataset = point.dataset
    coded = coder(dataset.test.adc)
    quality = sndr(dataset.test.spikes, coded.decoded)
    bits = float(coded.bits.mean()) / point.design.block.spikes
    metrics = {
        "sndr_mean_db": quality.mean_db,
        "sndr_global_db": quality.global_db,
        "sndr_worst_db": quality.worst_db,
        "bits_per_spike": bits,
        "cr_huffman": point.design.block.samples * SAMPLE_BITS / bits,
        "escaped_share": coded.escaped,
    }
    specs = {} if coder.spec is None else {point.design.name: coder.spec.hash}
    return Outcome(metrics=metrics, provenance=dataset.provenance, data=data_of(dataset), specs=specs, seeded=True)


def costs(found: Findings) -> str:
    """What sharing costs at each rate."""

    def cost(design: str, bits: str) -> str:
        shared, own = (
            found.mean("sndr_mean_db", {"design": design, "bits": bits, "map and groups": how}) for how in (SHARED, OWN)
        )
        return f"{own - shared:.1f}"

    chips = sorted({row.labels["design"] for row in found.rows})  # one that takes long may not have run yet
    told = (f"`{chip}` {', '.join(cost(chip, said) for said in PARTS.values())}" for chip in chips)
    return (
        "What one map and one choice of groups for all three rates cost against those of a chip for that rate alone, "
        f"in dB of the mean at all, half and a quarter of the bits: {'; '.join(told)}."
    )


EXPERIMENT = Experiment(
    name="lite_points",
    title="Linear encoders: several rates on one chip",
    configurations=configurations,
    run=run,
    designs=("lite", "lite_tetrode", "lite_probe"),
    remarks=(
        "Integers of the chip, real Huffman bits with escapes, test split; each is fitted for bits on validation "
        "spikes, so that what test spikes take differs a little. Points of a chip have the map and the number of "
        "classes of its first one, which was trained for all the bits, and groups of levels that serve all of them; "
        "scale, classes, boxes, code tables and decoder are their own.",
        costs,
    ),
)
