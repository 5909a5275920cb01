"""The linear map in hardware: a projection of chunks of samples, whose weights are used as they come from memory."""

from dataclasses import replace

from rtl.shape.feed import Feed
from rtl.shape.products import FOLDED_PRODUCTS, ceil_div
from rtl.shape.stream import Stream
from rtl.stages.base import Site, feed_of, lay_out
from rtl.stages.project import ProjectPart
from spikecae.spec import EncoderSpec
from spikecae.stages import Linear

__all__ = ["LinearPart", "chunk", "period"]

LONGEST_CHUNK = 32
"""Samples."""


def chunk(samples: int) -> int:
    """Samples that are multiplied at a time: a power of two that divides ``samples``."""
    length = LONGEST_CHUNK
    while samples % length:
        length //= 2
    return length


def period(samples: int, latents: int, fold: int) -> int:
    """Cycles that a chunk of ``samples`` may take."""
    return max(fold, ceil_div(fold * samples * latents, FOLDED_PRODUCTS))


@feed_of.register
def _(stage: Linear, spec: EncoderSpec) -> Feed:
    given = spec.source.output(spec.spikes, spec.samples)
    lanes, codes = chunk(given.samples), spec.samples // given.samples
    if stage.joint(given):
        return Feed(spec.spikes, given.samples, lanes, "chunks of the block", codes=codes)
    return Feed(spec.spikes, given.samples, lanes, "chunks of each spike", codes=codes)


@lay_out.register(Linear)
class LinearPart(ProjectPart):
    """As a projection, over chunks of samples in place of channel groups."""

    work_on = "linear map"
    direct = True

    def __init__(self, stage: Linear, given: Stream, site: Site) -> None:
        if list(site.spec.transforms) != [stage]:
            raise ValueError(f"stage {stage.name}: a linear map must be alone between normalization and quantizer")
        given = replace(given, period=period(given.elements, stage.outputs, site.hardware.fold))
        super().__init__(stage, given, site)
