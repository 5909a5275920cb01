"""What each choice of the shipped linear encoders costs or gives: sums of codes, bits of weights, classes, symbols."""

from experiments.experiment import Configuration, Experiment
from experiments.lite_coders import POINTS, lite_coder
from experiments.outcome import Outcome, Parameters, data_of
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS, sndr

__all__ = ["EXPERIMENT"]

QUIET, TETRODE = "D2 0.05, CR 38.5", "HC1, CR 30"
OTHERS: dict[str, tuple[dict[str, int], ...]] = {
    QUIET: (
        {"decimation": 1},
        {"decimation": 4},
        {"weight_bits": 8},
        {"weight_bits": 6},
        {"codewords": 1},
        {"codewords": 8},
        {"codewords": 32},
        {"symbols": 256},
        {"features": 20},
    ),
    TETRODE: ({"decimation": 2}, {"weight_bits": 8}, {"codewords": 1}, {"codewords": 32}, {"symbols": 256}),
}
"""Knobs that differ from the shipped design's."""
SECTIONS = {"decimation": "encoder", "features": "encoder", "symbols": "encoder", "codewords": "codebook"}
SEEDS = (0,)


def configurations() -> list[Configuration]:
    """As shipped, then one knob otherwise."""
    made = []
    for name, others in OTHERS.items():
        for knobs in ({}, *others):
            said = ", ".join(f"{key} = {value}" for key, value in knobs.items()) or "as shipped"
            labels = {"data": POINTS[name].data, "design": POINTS[name].shipped, "knobs": said}
            made.append(Configuration(labels, {"point": name, **knobs}, SEEDS))
    return made


def changed(design: Design, parameters: Parameters) -> Design:
    """The design with other knobs."""
    content = design.model_dump()
    for key, value in parameters.items():
        if key in SECTIONS:
            content[SECTIONS[key]][key] = value
        elif key == "weight_bits":
            content["quantization"][key] = content["hardware"][key] = value
    return Design.model_validate(content)


def run(parameters: Parameters, seed: int) -> Outcome:
    """Fit, make integers, and code the test split."""
    point = POINTS[str(parameters["point"])]
    design, dataset = changed(point.design, parameters), point.dataset
    coder = lite_coder(design, dataset, seed)
    coded = coder(dataset.test.adc)
    quality = sndr(dataset.test.spikes, coded.decoded)
    bits = float(coded.bits.mean()) / design.block.spikes
    metrics = {
        "sndr_mean_db": quality.mean_db,
        "sndr_global_db": quality.global_db,
        "sndr_worst_db": quality.worst_db,
        "bits_per_spike": bits,
        "cr_huffman": design.block.samples * SAMPLE_BITS / bits,
    }
    specs = {} if coder.spec is None else {design.name: coder.spec.hash}
    return Outcome(metrics=metrics, provenance=dataset.provenance, data=data_of(dataset), specs=specs, seeded=True)


EXPERIMENT = Experiment(
    name="lite_knobs",
    title="Linear encoders: what each choice costs",
    configurations=configurations,
    run=run,
    designs=("lite", "lite_tetrode"),
    remarks=(
        "Integers of the chip, real Huffman bits with escapes, test split; each is fitted anew for the bits of the "
        "shipped design on validation spikes, so that what test spikes take differs a little.",
    ),
)
