"""``[encoder]`` of ``kind = "linear"``: a linear map, classes, and levels."""

from typing import Annotated, Literal

from pydantic import Field

from spikecae.design.block import Block
from spikecae.design.encoder import Encoder, register_encoder
from spikecae.design.section import Costs, Unit

__all__ = ["Linear"]


@register_encoder
class Linear(Encoder):
    """A linear map to ``features`` latents, each rounded to a level; ``codebook.codewords`` typical columns of latents
    of which the nearest is subtracted first, 1 for none."""

    kind: Literal["linear"] = "linear"
    joint: Annotated[
        bool,
        Costs(
            "What neighbouring channels have in common is sent once; a weight that is read serves one product, not M."
        ),
    ] = False
    """Whether all spikes of a block are mapped together, as those of a neighbourhood should be, or each by itself."""
    bits_per_spike: Annotated[
        float,
        Field(gt=0, le=1000),
        Unit("bits"),
        Costs("Bits against quality."),
    ]
    """What a spike may take, on average of the validation spikes: the width of a level is chosen for that."""
    symbols: Annotated[
        int,
        Field(ge=2, le=1024),
        Unit("symbols"),
        Costs("Memory of the code tables; with more, more levels share a symbol."),
    ] = 64
    """Most symbols of a group of levels."""

    def latent_samples(self, block: Block) -> int:
        """One for each spike that is mapped by itself."""
        return 1 if self.joint else block.spikes
