"""``[block]`` and ``[normalization]``: what the encoder codes at a time, and how it is scaled."""

from typing import Annotated, Literal

from pydantic import Field

from spikecae.design.section import Costs, Section, Unit
from spikecae.limits import MOST_SAMPLES, MOST_SPIKES

__all__ = ["Block", "BlockKind", "Normalization"]

BlockKind = Literal["neighbourhood", "queue"]


class Block(Section):
    """What the encoder codes at a time: M snippets of D samples."""

    spikes: Annotated[
        int,
        Field(ge=1, le=MOST_SPIKES),
        Unit("spikes"),
        Costs(
            "At the same N, twice the spikes halve the bits of each and cost quality: on Wave_Clus at noise 0.05, "
            "18.7, 18.0 and 17.3 dB with 4, 8 and 16. A queue waits for its last spike."
        ),
    ]
    """M, snippets of a block."""
    samples: Annotated[
        int,
        Field(ge=16, le=MOST_SAMPLES),
        Unit("samples"),
        Costs("A block's cycles, its multiply-accumulates and the length of a codeword grow with it."),
    ]
    """D, samples of a snippet."""
    kind: BlockKind
    """What a block's spikes are: of a ``neighbourhood``, one event on the M contacts nearest to its peak; of a
    ``queue``, M successive spikes of one channel."""


class Normalization(Section):
    """How samples are z-scored before the encoder sees them, by what the training spikes are like."""

    kind: Annotated[
        Literal["global", "per_sample"],
        Costs("Nothing on the chip: its table has an entry for each of the D samples either way."),
    ]
    """What has a mean and deviation of its own: ``global``, all samples together; ``per_sample``, each time sample."""
