"""The encoder as the chip computes it, stage after stage, still in floats: batch normalization is folded away."""

from collections.abc import Iterator
from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from model.autoencoder.network import Encoder
from quantize.stages.base import SOURCE, Arithmetic, FoldedStage, Folding, Place, Rounded, fold_layer

__all__ = ["Exact", "FoldedEncoder", "fold", "unfold"]


class Exact:
    """Arithmetic without rounding."""

    def convolve(self, place: Place, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """Sum, identity, ReLU."""
        total: Tensor = place.convolution(x)
        total = total if identity is None else total + identity
        return functional.relu(total) if place.relu else total


class FoldedEncoder(nn.Module):
    """The encoder's stages in order; a shared block occurs once per place."""

    def __init__(self, stages: list[FoldedStage]) -> None:
        super().__init__()
        self._stages = nn.ModuleList(stages)

    @property
    def stages(self) -> list[FoldedStage]:
        """In order."""
        return cast(list[FoldedStage], list(self._stages))

    @property
    def latents(self) -> str:
        """Name of the tap, and of the place, that the latents are."""
        return self.stages[-1].output.place

    def places(self) -> Iterator[Place]:
        """Every convolution in order; one that is shared occurs once per place."""
        for stage in self.stages:
            yield from stage.places()

    def run(self, x: Tensor, arithmetic: Arithmetic) -> dict[str, Tensor]:
        """Output of every stage by name, for normalized blocks ``[B, M, D]``; the latents are the last."""
        taps: dict[str, Tensor] = {}
        for stage in self.stages:
            made = stage.run(x, arithmetic)
            taps |= made
            x = list(made.values())[-1]
        return taps

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The same, without rounding."""
        return self.run(x, Exact())


def fold(encoder: Encoder) -> FoldedEncoder:
    """Fold the evaluation statistics of ``encoder``."""
    folding, source = Folding(), Rounded(SOURCE, "input")
    stages: list[FoldedStage] = []
    for name, layer in encoder.layers():
        stages.append(fold_layer(layer, name, source, folding))
        source = stages[-1].output
    return FoldedEncoder(stages)


def unfold(folded: FoldedEncoder, encoder: Encoder) -> None:
    """Give ``encoder`` the weights of ``folded``; its normalizations, in evaluation, then only add the biases."""
    for stage, (_, layer) in zip(folded.stages, encoder.layers(), strict=True):
        stage.unfold(layer)
