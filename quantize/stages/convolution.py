"""A convolution with its normalization: the first one, with a ReLU, and the last one, whose outputs are latents."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from model.autoencoder.network import ConvolutionLayer, ProjectionLayer
from quantize.scales import scale
from quantize.stages.base import (
    Arithmetic,
    FoldedConvolution,
    FoldedStage,
    Folding,
    Integers,
    Place,
    Role,
    Rounded,
    fold_layer,
    unfold_convolution,
    width_of,
)
from spikecae.stages import Convolution, Project, Transform

__all__ = ["FoldedSingle", "built_convolution"]


class FoldedSingle(FoldedStage):
    """One convolution, rounded."""

    def __init__(self, name: str, source: Rounded, convolution: FoldedConvolution, *, relu: bool, role: Role) -> None:
        super().__init__()
        self.name, self.source, self.output = name, source, Rounded(name, role)
        self.convolution, self._relu = convolution, relu

    def places(self) -> Iterator[Place]:
        """Its own."""
        yield self._place

    @property
    def _place(self) -> Place:
        source = self.source
        return Place(self.name, source.place, source.role, None, self.convolution, self._relu, self.output.role)

    def run(self, x: Tensor, arithmetic: Arithmetic) -> dict[str, Tensor]:
        """Its output."""
        return {self.name: arithmetic.convolve(self._place, x)}

    def build(self, integers: Integers) -> Transform:
        """``conv`` with a ReLU, ``project`` without."""
        return built_convolution(self._place, integers)

    def unfold(self, layer: object) -> None:
        """Into convolution and normalization."""
        if not isinstance(layer, ConvolutionLayer | ProjectionLayer):
            raise ValueError(f"stage {self.name} was not made from a {type(layer).__name__}")
        unfold_convolution(self.convolution, layer.conv, layer.norm)


def built_convolution(place: Place, integers: Integers) -> Convolution:
    """A place as a stage of the spec."""
    weight, bias = integers.parameters_of(place)
    activation, exponent = integers.exponents.activation, integers.exponents.weight[place.name]
    widths = integers.exponents.widths
    return (Convolution if place.relu else Project)(
        name=place.name,
        weight=scale(weight, exponent[:, None, None]).numpy().astype(np.int8),
        bias=scale(bias, exponent + activation[place.source]).numpy().astype(np.int32),
        weight_exponent=exponent.numpy().astype(np.int8),
        input_exponent=activation[place.source],
        exponent=activation[place.name],
        groups=place.convolution.groups,
        input_signed=place.source_role != "activation",
        relu=place.relu,
        input_bits=width_of(place.source_role, widths),
        output_bits=width_of(place.role, widths),
    )


@fold_layer.register
def _(layer: ConvolutionLayer, name: str, source: Rounded, folding: Folding) -> FoldedStage:
    return FoldedSingle(name, source, folding.convolution(layer.conv, layer.norm), relu=True, role="activation")


@fold_layer.register
def _(layer: ProjectionLayer, name: str, source: Rounded, folding: Folding) -> FoldedStage:
    return FoldedSingle(name, source, folding.convolution(layer.conv, layer.norm), relu=False, role="latent")
