"""Fine-tuning of a folded encoder, its codebook and the decoder: in float, or with the chip's integer rules.

Quantization-aware training is fine-tuning of a :class:`~quantize.fake_quant.FakeQuantEncoder`: what the decoder learns
from is exactly what the chip sends, and gradients pass straight through every rounding and through the search. The same
steps on a :class:`FloatEncoder` show what the training alone would have gained.
"""

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.autoencoder.network import Decoder
from model.autoencoder.vector_quantizer import VectorQuantizer, straight_through
from model.checkpoint import Checkpoint, stored_weights
from model.datasets import SpikeDataset
from model.datasets.spikes import Split
from model.evaluation import decode_units
from model.normalization import Normalization
from model.training.augmentation import regroup
from quantize.exponents import largest_bias
from quantize.fake_quant import FakeQuantEncoder, Products
from quantize.fold import FoldedEncoder, fold, unfold
from quantize.scales import scale
from quantize.stages.base import QUANTIZER
from spikecae.design import Design
from spikecae.evaluation.quality import sndr

__all__ = ["FloatEncoder", "fine_tune"]

LEARNING_RATE = 0.4
"""Of the training's, falling as a cosine."""
MILLION = 1e6
"""Products' magnitudes that the energy weight is for."""
BATCH = 64
"""Validation blocks at a time."""


class FloatEncoder(nn.Module):
    """The folded encoder and the search of a checkpoint, without any rounding; called like the fake-quantized one."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.folded: FoldedEncoder = fold(checkpoint.model.encoder)
        self.normalization: Normalization = checkpoint.normalization
        self.quantizer: VectorQuantizer = copy.deepcopy(checkpoint.model.quantizer).requires_grad_(True)

    def forward(self, adc: Tensor) -> dict[str, Tensor]:
        """Output of every stage by name, for ADC codes ``[B, M, D]``; the quantizer's is indices int64 ``[B, N]``."""
        taps = self.folded(torch.from_numpy(self.normalization.apply(adc.numpy())))
        return {**taps, QUANTIZER: self.quantizer.search(taps[self.latents].detach())}

    @property
    def latents(self) -> str:
        """Name of the tap that the latents are."""
        return self.folded.latents

    def codewords(self) -> Tensor:
        """The codebook, float ``[K, L]``."""
        return self.quantizer.codebook


def fine_tune(
    design: Design,
    encoder: FakeQuantEncoder | FloatEncoder,
    checkpoint: Checkpoint,
    dataset: SpikeDataset,
    epochs: int,
    progress: Callable[[int, float], None] | None = None,
) -> Checkpoint:
    """Train ``encoder`` in place, and a copy of the checkpoint's decoder, on the training split.

    Exponents stay as calibrated; biases are kept within their declared width. Normalizations of the decoder keep their
    statistics, and nothing is dropped. Of all epochs, the start among them, the one is taken that is best on the
    validation split; with an energy weight, the last, as those before it spend more. The rate bias is held: with λ > 0,
    fit it before and after.

    Args:
        design: block shape, batch, learning rate, commitment, seed and energy weight.
        encoder: calibrated on, or made from, ``checkpoint``.
        checkpoint: left as it is.
        dataset: the test split is not looked at.
        epochs: passes over the training split.
        progress: called with the epoch, from 0 for the start, and the validation SNDR (mean of dB).

    Returns:
        The fine-tuned weights: the encoder's unrounded, the codebook as ``encoder`` has it, the decoder as a checkpoint
        stores it.
    """
    run = _Run(design, encoder, checkpoint, dataset, epochs)
    best_db, best_epoch, best = -math.inf, 0, run.weights()
    for epoch in range(epochs + 1):
        if epoch:
            run.train_epoch(epoch)
        decibels = run.validate()
        if progress is not None:
            progress(epoch, decibels)
        if run.energy_weight or decibels > best_db:
            best_db, best_epoch, best = decibels, epoch, run.weights()
    for module, state in zip(run.modules, best, strict=True):
        module.load_state_dict(state)
    model = copy.deepcopy(checkpoint.model)
    unfold(encoder.folded, model.encoder)
    model.decoder = run.decoder
    with torch.no_grad():
        model.quantizer.codebook.copy_(encoder.codewords())
    model.load_state_dict(stored_weights(model))
    return Checkpoint(model.eval(), checkpoint.normalization, best_epoch)


class _Run:
    def __init__(
        self,
        design: Design,
        encoder: FakeQuantEncoder | FloatEncoder,
        checkpoint: Checkpoint,
        dataset: SpikeDataset,
        epochs: int,
    ) -> None:
        self.design, self.encoder, self.dataset, self.epochs = design, encoder, dataset, epochs
        self.normalization = checkpoint.normalization
        self.energy_weight = design.quantization.energy_weight
        self.decoder: Decoder = copy.deepcopy(checkpoint.model.decoder).eval().requires_grad_(True)
        self.modules: tuple[nn.Module, nn.Module] = (encoder, self.decoder)
        self.optimizer = torch.optim.Adam(
            [parameter for module in self.modules for parameter in module.parameters()],
            lr=design.training.learning_rate * LEARNING_RATE,
            fused=True,
        )

    def weights(self) -> list[dict[str, Tensor]]:
        """A copy of everything that is learned."""
        return [{name: tensor.clone() for name, tensor in part.state_dict().items()} for part in self.modules]

    def train_epoch(self, epoch: int) -> None:
        """One pass, in an order drawn from the design's seed and the epoch."""
        recipe = self.design.training
        for group in self.optimizer.param_groups:
            phase = math.pi * (epoch - 1) / self.epochs
            group["lr"] = recipe.learning_rate * LEARNING_RATE * (1 + math.cos(phase)) / 2
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
        blocks = torch.from_numpy(self.dataset.train.adc)
        if self.design.block.kind == "queue":
            blocks = regroup(blocks, torch.from_numpy(self.dataset.train.channels), generator)
        blocks = blocks[torch.randperm(len(blocks), generator=generator)]
        for batch in torch.tensor_split(blocks, math.ceil(len(blocks) / recipe.batch)):
            self._step(batch)

    def _step(self, adc: Tensor) -> None:
        taps, spent = self._encode(adc)
        quantized = straight_through(taps[self.encoder.latents], taps[QUANTIZER], self.encoder.codewords())
        wanted = torch.from_numpy(self.normalization.apply(adc.numpy()))
        error = (self.decoder(quantized.values) - wanted).square().sum() / len(adc)
        loss = error + self.design.training.commitment * quantized.commitment + quantized.codebook
        loss = loss + self.energy_weight / MILLION * spent
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if isinstance(self.encoder, FakeQuantEncoder):
            self._bound_biases(self.encoder)

    def _encode(self, adc: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Output of every stage, and the magnitudes of a block's products if they are to be small."""
        if not self.energy_weight or not isinstance(self.encoder, FakeQuantEncoder):
            return self.encoder(adc), torch.zeros(())
        products = Products(self.encoder)
        return self.encoder(adc, products), products.total

    @torch.no_grad()
    def _bound_biases(self, encoder: FakeQuantEncoder) -> None:
        for place in encoder.folded.places():
            accumulator = encoder.exponents.weight[place.name] + encoder.exponents.activation[place.source]
            limit = scale(torch.tensor(largest_bias(place.convolution, self.design.hardware)), -accumulator)
            place.convolution.bias.clamp_(-limit, limit)

    @torch.no_grad()
    def validate(self) -> float:
        """SNDR (mean of dB) on the validation split."""
        split: Split = self.dataset.validation
        codewords, outputs = self.encoder.codewords(), []
        for adc in torch.from_numpy(split.adc).split(BATCH):
            outputs.append(self.decoder(codewords[self.encoder(adc)[QUANTIZER]]))
        decoded = decode_units(torch.cat(outputs).numpy(), self.normalization, self.design)
        return sndr(split.spikes, decoded).mean_db
