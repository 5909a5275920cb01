"""What a Huffman table for every position of the latent saves against one table for all, on held-out spikes."""

from experiments.eight_bits import start
from experiments.experiment import Configuration, Experiment
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sources import WAVE_CLUS, read
from experiments.training import DESIGNS, shipped
from quantize.code import encode_latents, pooled_code, search_all
from quantize.measure import rate_quality
from quantize.stage import integer_model
from rtl.shape.images import HUFFMAN_BITS
from spikecae.design import Quantization, load_design

__all__ = ["EXPERIMENT"]

EMBEDDED = "neuropixels, embedded"
DATA = (*WAVE_CLUS, "HC1", EMBEDDED)


def configurations() -> list[Configuration]:
    """Both kinds of tables on every recording."""
    return [
        Configuration(labels={"data": data, "tables": tables}, parameters={"data": data, "code_tables": setting})
        for data in DATA
        for tables, setting in (("one", "one"), ("by position", "by_position"))
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Fit the code on training spikes, choose on validation spikes, count on test spikes."""
    if parameters["data"] == EMBEDDED:
        design = load_design(DESIGNS / "neuropixels.toml")
        checkpoint, dataset = shipped(design).checkpoint, read(None, design)
    else:
        design, checkpoint, dataset = start(str(parameters["data"]))
    settings = Quantization.model_validate({"code_tables": parameters["code_tables"]})
    design = design.model_copy(update={"quantization": settings})
    model = integer_model(design, checkpoint, dataset)
    indices = search_all(model.encoder, encode_latents(model.encoder, dataset.test.adc))
    quality = rate_quality(design, checkpoint, model.encoder.codewords().detach(), dataset.test, indices, model.code)
    one = float(pooled_code(model.code.indices, design.codebook.codewords).bits(indices).mean())
    payload = quality.huffman_bits_per_index
    metrics = {
        "code_tables": float(len(model.code.lengths)),
        "memory_bits": float(model.code.lengths.size * HUFFMAN_BITS),
        "huffman_bits": payload,
        "saved_percent": 100 * (1 - payload / one),
        "huffman_over_cross_entropy_percent": 100 * (payload / quality.code_cross_entropy_bits_per_index - 1),
        "entropy_bits": quality.entropy_bits_per_index,
        "cr_entropy": quality.cr_entropy,
        "cr_huffman": quality.cr_huffman,
        "cr_wire": quality.cr_wire,
    }
    return Outcome(
        metrics=metrics,
        provenance=dataset.provenance,
        data=data_of(dataset),
        specs={design.name: model.spec.hash},
    )


EXPERIMENT = Experiment(
    name="code_tables",
    title="Huffman tables: one, or one for each position of the latent",
    configurations=configurations,
    run=run,
    designs=("wave_clus", "hc1", "neuropixels"),
    remarks=(
        "A position gets a table of its own where that saves bits on validation spikes. entropy_bits is of all "
        "positions' indices together, so that tables by position can do better. memory_bits is what the tables take "
        "on the chip.",
    ),
)
