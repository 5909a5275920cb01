"""What integers cost: 8-bit arithmetic with weights of 8, 6 and 4 bits against float, calibrated and fine-tuned."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure

from experiments.experiment import Configuration, Experiment
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import HC1, WAVE_CLUS, read
from experiments.training import DESIGNS, shipped, trained, with_settings
from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from model.evaluation import run_model
from quantize.code import pooled_code
from quantize.compare import compare_batches
from quantize.fine_tune import FloatEncoder, fine_tune
from quantize.measure import rate_quality
from quantize.report import RateQuality
from quantize.stage import integer_model
from spikecae.design import Design, Quantization, load_design

__all__ = ["EXPERIMENT", "start"]

FILES = {**WAVE_CLUS, "HC1": HC1}
FLOAT = 0
"""In place of the bits of a weight."""
BITS = (FLOAT, 8, 6, 4)
EPOCHS = 20
TRAINING_EPOCHS = 60
"""Of the model for noise 0.2; the others are the shipped ones."""
SEEDS = (0, 1, 2)


def configurations() -> list[Configuration]:
    """Every width on every recording, as calibrated and after fine-tuning."""
    return [
        Configuration(
            labels={
                "data": data,
                "arithmetic": "float" if bits == FLOAT else f"8-bit, {bits}-bit weights",
                "tuning": "fine-tuned" if epochs else "none" if bits == FLOAT else "calibrated",
            },
            parameters={"data": data, "weight_bits": bits, "epochs": epochs},
            seeds=SEEDS if epochs else (0,),
        )
        for data in FILES
        for epochs in (0, EPOCHS)
        for bits in BITS
    ]


def start(data: str) -> tuple[Design, Checkpoint, SpikeDataset]:
    """Design, trained weights and spikes of a recording."""
    design = load_design(DESIGNS / ("hc1.toml" if data == "HC1" else "wave_clus.toml"))
    dataset = read(FILES[data], design)
    if data != "D2 0.2":
        return design, shipped(design).checkpoint, dataset
    design = with_settings(design, "best")
    return design, trained(design, dataset, TRAINING_EPOCHS).checkpoint, dataset


@cache
def float_quality(data: str, epochs: int, seed: int) -> RateQuality:
    """The float model, fine-tuned for so many epochs."""
    design, checkpoint, dataset = start(data)
    design = with_settings(design, "best", seed)
    if epochs:
        checkpoint = fine_tune(design, FloatEncoder(checkpoint), checkpoint, dataset, epochs)
    model = checkpoint.model
    training, test = (
        run_model(model, checkpoint.normalization, split.adc)[1] for split in (dataset.train, dataset.test)
    )
    code = pooled_code(training, design.codebook.codewords)
    return rate_quality(design, checkpoint, model.quantizer.codebook.detach(), dataset.test, test, code)


def run(parameters: Parameters, seed: int) -> Outcome:
    """Quantize as asked, and measure beside the float model that was fine-tuned equally long."""
    data, bits, epochs = str(parameters["data"]), int(parameters["weight_bits"]), int(parameters["epochs"])
    reference = float_quality(data, epochs, seed)
    design, checkpoint, dataset = start(data)
    checked: dict[str, float] = {}
    specs: dict[str, str] = {}
    quality = reference
    if bits != FLOAT:
        settings = Quantization.model_validate({"weight_bits": bits, "fine_tune_epochs": epochs})
        design = with_settings(design, "best", seed).model_copy(update={"quantization": settings})
        model = integer_model(design, checkpoint, dataset)
        agreements = list(compare_batches(model.spec, model.encoder, dataset.test.adc))
        indices = np.concatenate([agreement.indices for agreement in agreements])
        quality = rate_quality(
            design, model.checkpoint, model.encoder.codewords().detach(), dataset.test, indices, model.code
        )
        specs = {design.name: model.spec.hash}
        checked = {
            "test_blocks_compared_percent": 100 * sum(part.blocks for part in agreements) / len(dataset.test),
            "values_compared": float(sum(part.values for part in agreements)),
        }
    ideal, payload = quality.code_cross_entropy_bits_per_index, quality.huffman_bits_per_index
    metrics = {
        "sndr_mean_db": quality.sndr_mean_db,
        "sndr_less_float_db": quality.sndr_mean_db - reference.sndr_mean_db,
        "entropy_bits": quality.entropy_bits_per_index,
        "huffman_bits": payload,
        "huffman_over_float_percent": 100 * (payload / reference.huffman_bits_per_index - 1),
        "huffman_over_cross_entropy_percent": 100 * (payload / ideal - 1),
        "huffman_over_test_entropy_percent": 100 * (payload / quality.entropy_bits_per_index - 1),
        "cr_entropy": quality.cr_entropy,
        "cr_huffman": quality.cr_huffman,
        "cr_wire": quality.cr_wire,
        **checked,
    }
    return Outcome(
        metrics=metrics,
        provenance=dataset.provenance,
        data=data_of(dataset),
        specs=specs,
        epochs=epochs,
        seeded=epochs > 0,
    )


def figure(result: ExperimentResult) -> Figure:
    """SNDR less that of float against the bits of a weight, a panel for each recording."""
    drawn, axes = subplots(len(FILES), (8.0, 2.8))
    for axis, data in zip(axes, FILES, strict=True):
        for tuning, style in (("calibrated", "o--"), ("fine-tuned", "s-")):
            rows = [row for row in result.rows if row.labels["data"] == data and row.labels["tuning"] == tuning]
            rows = [row for row in rows if row.labels["arithmetic"] != "float"]
            losses = [row.metrics["sndr_less_float_db"] for row in rows]
            axis.errorbar(
                [row.labels["arithmetic"].split()[1].removesuffix("-bit") for row in rows],
                [loss.mean for loss in losses],
                [loss.deviation or 0.0 for loss in losses],
                fmt=style,
                capsize=3,
                label=tuning,
            )
        axis.axhline(0, color="#9aa5b1", linewidth=1)
        axis.set_title(data)
        axis.set_xlabel("bits of a weight")
    axes[0].set_ylabel("SNDR less float, dB")
    handles, names = axes[0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=2)
    return drawn


EXPERIMENT = Experiment(
    name="eight_bits",
    title="Eight bits: the chip's arithmetic against float",
    configurations=configurations,
    run=run,
    designs=("wave_clus", "hc1"),
    figure=figure,
    remarks=(
        "Fine-tuned rows stand against the same weights fine-tuned equally long in float: the same steps on the same "
        "batches, the fake quantizer off. Calibrated rows stand against the weights as trained. Epochs are those of "
        "fine-tuning; the seed draws its batches.",
        "The encoder, the codebook and the decoder are fine-tuned; activations and codewords have 8 bits throughout. "
        "The Huffman code is one table made from training spikes, and huffman_over_cross_entropy_percent is against "
        "the cross-entropy of that same expectation on test spikes.",
        "values_compared are integers of the golden model on test spikes, at every stage, each compared for equality "
        "with the fake-quantized PyTorch model: a single difference would have ended the run without a result.",
    ),
)
