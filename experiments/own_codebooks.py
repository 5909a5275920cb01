"""The paper's network with codebooks of its own for each position of a block, in place of one that all share."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sources import WAVE_CLUS, read, tested_labels
from experiments.training import DESIGNS, shipped
from model.autoencoder.network import Autoencoder
from model.baselines.product_vq import Codebook, fit_codebook
from model.datasets.spikes import Split
from model.evaluation import decode_units
from model.normalization import Normalization
from model.training.augmentation import regroup
from quantize.linear.measure import worst_unit
from spikecae.bitstream.huffman import code_lengths
from spikecae.design import Design, load_design
from spikecae.evaluation.quality import SAMPLE_BITS, Sndr, sndr

__all__ = ["EXPERIMENT"]

DATA, DESIGN = "D2 0.05", "wave_clus"
SHARED, OWN = "one codebook", "a codebook for each position"
EPOCHS = 12
WEIGHT = 0.002
"""Of a bit where bits are weighed, in mean squares of a position's latents."""
CODEBOOKS: dict[str, dict[str, str | int | float]] = {
    f"{SHARED} of 128": {"words": SHARED},
    f"{OWN}, of 64": {"words": OWN, "codewords": 64, "rate_weight": 0.0},
    f"{OWN}, of 128, bits weighed": {"words": OWN, "codewords": 128, "rate_weight": WEIGHT},
}
DECODERS = {0: "as shipped", EPOCHS: "trained on"}
REGROUPED = 8
"""Times that training spikes are put into blocks anew: a block's spikes can follow each other in any order."""
BATCH, RATE = 16, 3e-4


@dataclass(frozen=True)
class Words:
    """The codebook of each position, one for all of them or one each."""

    books: tuple[Codebook, ...]

    def quantized(self, latents: Tensor) -> tuple[Tensor, NDArray[np.int64]]:
        """Codewords for latents ``[n, N, L]``, and the bits of each block ``[n]``."""
        values, bits = torch.empty_like(latents), np.zeros(len(latents), np.int64)
        for position, book in enumerate(self.books):
            chosen = book.encode(latents[:, position].double().numpy())
            values[:, position] = torch.from_numpy(book.codewords[chosen]).float()
            bits += book.lengths[chosen].astype(np.int64)
        return values, bits


def configurations() -> list[Configuration]:
    """The shipped codebook, and codebooks for the latents of the shipped encoder."""
    return [
        Configuration({"data": DATA, "codebooks": how, "decoder": decoder}, {**parameters, "epochs": epochs})
        for epochs, decoder in DECODERS.items()
        for how, parameters in CODEBOOKS.items()
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Codebooks for the frozen encoder's latents, and a decoder trained on with them."""
    design = load_design(DESIGNS / f"{DESIGN}.toml")
    dataset, checkpoint = read(WAVE_CLUS[DATA], design), shipped(design).checkpoint
    model, normalization = copy.deepcopy(checkpoint.model).eval(), checkpoint.normalization
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.from_numpy(normalization.apply(dataset.train.adc))
    channels = torch.from_numpy(dataset.train.channels)
    blocks = torch.cat([regroup(spikes, channels, generator) for _ in range(REGROUPED)])
    latents = _latents(model, blocks)
    words = _words(model, latents, parameters, seed)
    held_out = words.quantized(_latents(model, _inputs(dataset.validation, normalization)))[0]
    _train_decoder(
        model,
        words.quantized(latents)[0],
        blocks,
        int(parameters["epochs"]),
        generator,
        lambda: _quality(model, held_out, dataset.validation, normalization, design).mean_db,
    )
    found: dict[str, float] = {}
    for name, split in (("training_", dataset.train), ("", dataset.test)):
        values, bits = words.quantized(_latents(model, _inputs(split, normalization)))
        quality = _quality(model, values, split, normalization, design)
        found |= {
            f"{name}sndr_mean_db": quality.mean_db,
            f"{name}sndr_global_db": quality.global_db,
            f"{name}sndr_worst_db": quality.worst_db,
            f"{name}bits_per_spike": float(bits.mean()) / design.block.spikes,
        }
    labels = tested_labels(WAVE_CLUS[DATA], dataset.test.spikes[..., 0].size)
    decoded = decode_units(_decoded(model, values), normalization, design)
    found["sndr_worst_unit_db"] = worst_unit(dataset.test.spikes, decoded, labels)
    found["cr_huffman"] = design.block.samples * SAMPLE_BITS / found["bits_per_spike"]
    found["codewords"] = float(sum(len(book.codewords) for book in {id(book): book for book in words.books}.values()))
    return Outcome(
        metrics=found,
        provenance=dataset.provenance,
        data=data_of(dataset),
        epochs=int(parameters["epochs"]),
        seeded=True,
    )


def _words(model: Autoencoder, latents: Tensor, parameters: Parameters, seed: int) -> Words:
    """The shipped codebook with the code of its training indices, or one for each position of latents ``[n, N, L]``."""
    rows = latents.double().numpy()
    positions = rows.shape[1]
    if parameters["words"] == SHARED:
        codewords = model.quantizer.codebook.detach().double().numpy()
        book = Codebook(codewords, np.zeros(len(codewords), np.uint8), 0.0)
        counts = np.bincount(book.encode(rows.reshape(-1, rows.shape[2])), minlength=len(codewords))
        return Words((Codebook(codewords, code_lengths(counts), 0.0),) * positions)
    weight = float(parameters["rate_weight"]) * float(np.square(rows - rows.mean(axis=0)).sum(axis=2).mean())
    count = int(parameters["codewords"])
    return Words(tuple(fit_codebook(rows[:, position], count, weight, seed) for position in range(positions)))


def _train_decoder(
    model: Autoencoder,
    values: Tensor,
    blocks: Tensor,
    epochs: int,
    generator: torch.Generator,
    judged: Callable[[], float],
) -> None:
    """Train the decoder on codewords ``[n, N, L]`` of ``blocks``, as many of them an epoch as were recorded, and keep
    the epoch that ``judged`` finds best. Its normalizations stay what they are."""
    decoder = model.decoder
    optimizer = torch.optim.Adam(decoder.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, epochs))
    best, kept = judged(), copy.deepcopy(decoder.state_dict())
    for _ in range(epochs):
        drawn = torch.randperm(len(blocks), generator=generator)[: len(blocks) // REGROUPED]
        for index in drawn.split(BATCH):
            optimizer.zero_grad()
            ((decoder(values[index]) - blocks[index]).square().sum() / len(index)).backward()
            optimizer.step()
        schedule.step()
        found = judged()
        if found > best:
            best, kept = found, copy.deepcopy(decoder.state_dict())
    decoder.load_state_dict(kept)


def _inputs(split: Split, normalization: Normalization) -> Tensor:
    return torch.from_numpy(normalization.apply(split.adc))


@torch.no_grad()
def _latents(model: Autoencoder, blocks: Tensor) -> Tensor:
    return torch.cat([model.encoder(part) for part in blocks.split(256)])


@torch.no_grad()
def _decoded(model: Autoencoder, values: Tensor) -> NDArray[np.float32]:
    return torch.cat([model.decoder(part) for part in values.split(256)]).numpy()


def _quality(model: Autoencoder, values: Tensor, split: Split, normalization: Normalization, design: Design) -> Sndr:
    return sndr(split.spikes, decode_units(_decoded(model, values), normalization, design))


def _gain(found: Findings) -> str:
    """What own codebooks give."""

    said = []
    for how in CODEBOOKS:
        labels = {"codebooks": how, "decoder": DECODERS[0]}
        mean, worst, bits = (
            found.mean(metric, labels) for metric in ("sndr_mean_db", "sndr_worst_db", "bits_per_spike")
        )
        said.append(f"{how}: {mean:.1f} dB in the mean and {worst:.1f} in the worst 5 % at {bits:.1f} bits a spike")
    return f"With the decoder as shipped, {'; '.join(said)}."


EXPERIMENT = Experiment(
    name="own_codebooks",
    title="The paper's network with codebooks of its own for each position",
    configurations=configurations,
    run=run,
    designs=(DESIGN,),
    remarks=(
        _gain,
        "The shipped encoder in floats, as it is. Codebooks are fitted to its latents of training spikes in blocks "
        "formed anew, and only the decoder is trained on with them, for the epochs of the table; codebooks that "
        "encoder and decoder are trained with from the start may do better. Bits are those of real Huffman codes of "
        "training indices, one for each codebook. training_…: of the training spikes. codewords: of all codebooks "
        "together.",
    ),
)
