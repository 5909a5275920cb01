"""A max pool: it rounds nothing."""

from collections.abc import Iterator, Mapping

from torch import Tensor
from torch.nn import functional

from model.autoencoder.network import PoolLayer
from quantize.stages.base import Arithmetic, FoldedStage, Folding, Integers, Place, Rounded, fold_layer
from spikecae.stages import Pool, Transform

__all__ = ["FoldedPool"]


class FoldedPool(FoldedStage):
    """Maximum over ``size`` samples."""

    def __init__(self, name: str, source: Rounded, size: int) -> None:
        super().__init__()
        self.name, self.source, self.output, self._size = name, source, source, size

    def places(self) -> Iterator[Place]:
        """None."""
        yield from ()

    def run(self, x: Tensor, arithmetic: Arithmetic) -> dict[str, Tensor]:
        """The maxima."""
        return {self.name: functional.max_pool1d(x, self._size)}

    def build(self, integers: Integers) -> Transform:
        """``pool``."""
        return Pool(self.name, self._size)

    @property
    def exponents_of(self) -> Mapping[str, str]:
        """Its input's."""
        return {self.name: self.source.place}

    def unfold(self, layer: object) -> None:
        """There are no weights."""


@fold_layer.register
def _(layer: PoolLayer, name: str, source: Rounded, folding: Folding) -> FoldedStage:
    return FoldedPool(name, source, layer.size)
