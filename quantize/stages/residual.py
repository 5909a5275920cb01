"""A ResNeXt block."""

from collections.abc import Iterator

from torch import Tensor

from model.autoencoder.network import EncoderBlock
from quantize.stages.base import (
    Arithmetic,
    FoldedConvolution,
    FoldedStage,
    Folding,
    Integers,
    Place,
    Rounded,
    fold_layer,
    unfold_convolution,
)
from quantize.stages.convolution import built_convolution
from spikecae.stages import Residual, Transform

__all__ = ["FoldedBlock"]


class FoldedBlock(FoldedStage):
    """The three convolutions of a residual block."""

    def __init__(
        self, name: str, source: Rounded, reduce: FoldedConvolution, conv: FoldedConvolution, expand: FoldedConvolution
    ) -> None:
        super().__init__()
        self.name, self.source, self.output = name, source, Rounded(f"{name}.expand", "activation")
        self.reduce, self.conv, self.expand = reduce, conv, expand

    def places(self) -> Iterator[Place]:
        """All three."""
        reduce, conv, expand = (f"{self.name}.{part}" for part in ("reduce", "conv", "expand"))
        source, inner = self.source, Rounded(reduce, "activation")
        yield Place(reduce, source.place, source.role, None, self.reduce, True, inner.role)
        yield Place(conv, reduce, inner.role, None, self.conv, True, inner.role)
        yield Place(expand, conv, inner.role, source.place, self.expand, True, inner.role)

    def run(self, x: Tensor, arithmetic: Arithmetic) -> dict[str, Tensor]:
        """Outputs of all three; the identity is added before the last is rounded."""
        reduce, conv, expand = self.places()
        narrow = arithmetic.convolve(reduce, x)
        inner = arithmetic.convolve(conv, narrow)
        return {reduce.name: narrow, conv.name: inner, expand.name: arithmetic.convolve(expand, inner, identity=x)}

    def build(self, integers: Integers) -> Transform:
        """``residual``."""
        reduce, conv, expand = (built_convolution(place, integers) for place in self.places())
        return Residual(self.name, reduce, conv, expand)

    def unfold(self, layer: object) -> None:
        """Into the block's convolutions and normalizations."""
        if not isinstance(layer, EncoderBlock):
            raise ValueError(f"stage {self.name} was not made from a {type(layer).__name__}")
        unfold_convolution(self.reduce, layer.reduce, layer.reduce_norm)
        unfold_convolution(self.conv, layer.conv, layer.conv_norm)
        unfold_convolution(self.expand, layer.expand, layer.expand_norm)


@fold_layer.register
def _(layer: EncoderBlock, name: str, source: Rounded, folding: Folding) -> FoldedStage:
    parts = ((layer.reduce, layer.reduce_norm), (layer.conv, layer.conv_norm), (layer.expand, layer.expand_norm))
    return FoldedBlock(name, source, *(folding.convolution(conv, norm) for conv, norm in parts))
