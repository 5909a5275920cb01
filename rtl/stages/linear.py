"""The linear map in hardware: a projection of chunks of samples; weights stand still for all spikes of a block."""

from rtl.shape.feed import Feed
from rtl.shape.stream import Stream
from rtl.stages.base import Site, feed_of, lay_out
from rtl.stages.project import ProjectPart
from spikecae.spec import EncoderSpec
from spikecae.stages import Linear

__all__ = ["LinearPart", "chunk"]

LONGEST_CHUNK = 16
"""Samples."""
MOST_HELD = 256
"""Weights of a chunk: they are held in registers, twice."""


def chunk(samples: int, latents: int) -> int:
    """Samples that are multiplied before the next weights come: a power of two that divides ``samples``."""
    length = LONGEST_CHUNK
    while length > 1 and (samples % length or length * latents > MOST_HELD):
        length //= 2
    return length


@feed_of.register
def _(stage: Linear, spec: EncoderSpec) -> Feed:
    given = spec.source.output(spec.spikes, spec.samples)
    lanes, codes = chunk(given.samples, stage.outputs), spec.samples // given.samples
    if stage.joint(given):
        return Feed(spec.spikes, given.samples, lanes, "chunks of the block", codes=codes)
    return Feed(spec.spikes, given.samples, lanes, "chunks of each spike", codes=codes)


@lay_out.register(Linear)
class LinearPart(ProjectPart):
    """As a projection, over chunks of samples in place of channel groups."""

    work_on = "linear map"

    def __init__(self, stage: Linear, given: Stream, site: Site) -> None:
        if stage is not site.spec.transforms[0]:
            raise ValueError(f"stage {stage.name}: a linear map must be the first behind the normalization")
        super().__init__(stage, given, site)
