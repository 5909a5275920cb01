"""``[encoder]`` with ``kind = "resnext"``: the paper's network of grouped residual blocks."""

from collections.abc import Iterator
from math import prod
from typing import Annotated, Literal

from pydantic import Field

from spikecae.design.block import Block
from spikecae.design.codebook import Codebook
from spikecae.design.encoder import Encoder, register_encoder
from spikecae.design.rules import Fault, rule
from spikecae.design.section import Costs, Unit
from spikecae.design.training import Training
from spikecae.limits import MOST_CHANNELS, MOST_PER_GROUP

__all__ = ["ResNeXt"]


@register_encoder
class ResNeXt(Encoder):
    """A 1x1 convolution, grouped residual blocks each with a max pool, and a 1x1 convolution to the features."""

    kind: Literal["resnext"] = "resnext"
    """The paper's network."""
    channels: Annotated[
        int,
        Field(ge=1, le=MOST_CHANNELS),
        Unit("channels"),
        Costs("Multiply-accumulates and weights of all convolutions grow with it, and the decoder's with its square."),
    ]
    """Channels between the blocks."""
    bottleneck: Annotated[
        int,
        Field(ge=1, le=MOST_CHANNELS),
        Unit("channels"),
        Costs("Multiply-accumulates and weights of the blocks grow with it."),
    ]
    """Channels inside a block."""
    groups: Annotated[
        int,
        Field(ge=1, le=MOST_CHANNELS),
        Unit("groups"),
        Costs(
            "The chip works on one group at a time: a block of spikes takes groups · D · fold cycles. At the same "
            "channels, more groups need fewer multipliers, weights and multiply-accumulates."
        ),
    ]
    """Groups of the convolutions in the blocks. The first and the last convolution see all channels."""
    kernel: Annotated[
        Literal[1, 3, 5],
        Unit("samples"),
        Costs("Multiply-accumulates and weights of the middle convolutions grow with it."),
    ] = 3
    """Taps of the middle convolution of a block."""
    pools: Annotated[
        list[Literal[1, 2, 4]],
        Unit("samples"),
        Costs("Behind a pool samples come less often: later blocks need fewer multipliers, and codewords are shorter."),
    ] = Field(default=[2, 2], min_length=1, max_length=4)
    """Sizes of the max pools; there is a residual block before each."""
    share_blocks: Annotated[
        bool, Costs("Fewer weights to train. The chip keeps a copy for each block: memory and cycles stay.")
    ] = False
    """Whether all residual blocks have the same weights."""

    @property
    def pooling(self) -> int:
        """Product of all pool sizes: samples of input for each sample of the latent."""
        return prod(self.pools)

    def latent_samples(self, block: Block) -> int:
        """Samples of each feature, D / pooling."""
        return block.samples // self.pooling

    @rule
    def chooses_among_codewords(self, codebook: Codebook) -> Iterator[Fault]:
        """``codebook.codewords`` is 2 at least."""
        if codebook.codewords < 2:
            yield Fault("codebook.codewords", codebook.codewords, "with one codeword nothing is sent; choose 2 or more")

    @rule
    def trains_for_some_epochs(self, training: Training) -> Iterator[Fault]:
        """``training.epochs`` is 1 at least."""
        if not training.epochs:
            yield Fault("training.epochs", training.epochs, "a network learns nothing without; choose 1 or more")

    @rule
    def groups_divide_channels(self) -> Iterator[Fault]:
        """``encoder.groups`` divides ``encoder.channels``, into 16 channels a group at most."""
        yield from _grouped("channels", self.channels, self.groups)

    @rule
    def groups_divide_bottleneck(self) -> Iterator[Fault]:
        """``encoder.groups`` divides ``encoder.bottleneck``, into 16 channels a group at most."""
        yield from _grouped("bottleneck", self.bottleneck, self.groups)

    @rule
    def pools_divide_samples(self, block: Block) -> Iterator[Fault]:
        """The product of ``encoder.pools`` divides ``block.samples``."""
        if block.samples % self.pooling:
            remedy = f"the pools divide time by {self.pooling}; choose a multiple of it or other encoder.pools"
            yield Fault("block.samples", block.samples, remedy)

    @rule
    def shares_several_blocks(self) -> Iterator[Fault]:
        """``encoder.share_blocks`` needs two ``encoder.pools`` at least."""
        if self.share_blocks and len(self.pools) < 2:
            yield Fault("encoder.share_blocks", True, "there is one residual block only; set it to false")


def _grouped(key: str, width: int, groups: int) -> Iterator[Fault]:
    per_group, rest = divmod(width, groups)
    if rest:
        yield Fault("encoder.groups", groups, f"does not divide encoder.{key} = {width}; choose a divisor of it")
    elif per_group > MOST_PER_GROUP:
        remedy = f"{per_group} channels per group, {MOST_PER_GROUP} at most; raise groups"
        yield Fault(f"encoder.{key}", width, remedy)
