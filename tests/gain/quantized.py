"""How it is made from a float layer, and faked in training: a 1x1 convolution with a group for each channel."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from quantize.scales import scale
from quantize.stages.base import (
    Arithmetic,
    FoldedConvolution,
    FoldedStage,
    Folding,
    Integers,
    Place,
    Rounded,
    fold_layer,
    width_of,
)
from tests.gain.stage import Gain

__all__ = ["GainLayer"]


@dataclass(frozen=True)
class GainLayer:
    """``gain`` float ``[channels]``."""

    gain: Tensor


class FoldedGain(FoldedStage):
    def __init__(self, name: str, source: Rounded, gain: Tensor) -> None:
        super().__init__()
        self.name, self.source, self.output = name, source, Rounded(name, "latent")
        self.scaled = FoldedConvolution(gain[:, None, None], torch.zeros_like(gain), len(gain))

    def places(self) -> Iterator[Place]:
        yield Place(self.name, self.source.place, self.source.role, None, self.scaled, False, self.output.role)

    def run(self, x: Tensor, arithmetic: Arithmetic) -> dict[str, Tensor]:
        (place,) = self.places()
        return {self.name: arithmetic.convolve(place, x)}

    def build(self, integers: Integers) -> Gain:
        (place,) = self.places()
        weight, _ = integers.parameters_of(place)
        exponent, activation = integers.exponents.weight[place.name], integers.exponents.activation
        return Gain(
            name=self.name,
            gain=scale(weight, exponent[:, None, None]).numpy().astype(np.int8).ravel(),
            gain_exponent=exponent.numpy().astype(np.int8),
            input_exponent=activation[place.source],
            exponent=activation[place.name],
            bits=width_of(place.role, integers.exponents.widths),
        )

    def unfold(self, layer: object) -> None:
        raise ValueError("a gain is not trained")


@fold_layer.register
def _(layer: GainLayer, name: str, source: Rounded, folding: Folding) -> FoldedStage:
    return FoldedGain(name, source, layer.gain)
