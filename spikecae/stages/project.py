"""The last convolution, which makes latents."""

from dataclasses import dataclass

from spikecae.stages.base import register
from spikecae.stages.checks import require
from spikecae.stages.convolution import Convolution

__all__ = ["Project"]


@register
@dataclass(frozen=True, eq=False)
class Project(Convolution):
    """The last convolution, over all channels: signed latents of ``output_bits``, no ReLU."""

    kind = "project"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(not self.relu, f"{self.name}.relu must be false: latents are signed")
