"""Linear map: latents of each spike by itself, or of all a block's spikes together."""

from collections.abc import Iterator
from dataclasses import dataclass

from spikecae.stages.base import Values, register
from spikecae.stages.checks import require
from spikecae.stages.convolution import Convolution

__all__ = ["Linear"]


@register
@dataclass(frozen=True, eq=False)
class Linear(Convolution):
    """Weighted sums of a spike's samples, or of those of all spikes: signed latents of ``output_bits``, no ReLU.

    ``weight`` is (latents, D, 1) for a map of each spike by itself, whose output is (latents, M), a column for each
    spike; or (latents, M · D, 1) for one of the whole block, spike after spike, whose output is (latents, 1).
    """

    kind = "linear"
    widest_output = 12

    def __post_init__(self) -> None:
        super().__post_init__()
        require(not self.relu, f"{self.name}.relu must be false: latents are signed")
        require(self.groups == 1, f"{self.name}.groups = {self.groups} must be 1: a latent sees all samples")
        require(self.kernel == 1, f"{self.name}: kernel of {self.kernel} taps must be 1")

    def joint(self, given: Values) -> bool:
        """Whether it maps all spikes of a block together. A block of one spike has it either way."""
        return self.inputs == given.channels * given.samples and given.channels > 1

    def faults(self, given: Values) -> Iterator[str]:
        """Other samples, or other integers, than it was made for."""
        sizes = sorted({given.samples, given.channels * given.samples})
        if self.inputs not in sizes:
            yield (
                f"{self.name} takes {self.inputs} samples, but a spike has {sizes[0]}, and a block has "
                f"{given.channels * given.samples}"
            )
        if self.input_exponent != given.exponent:
            yield f"{self.name} takes values at exponent {self.input_exponent}, but gets them at {given.exponent}"
        yield from self.integer_faults(given)

    def output(self, given: Values) -> Values:
        """A column of latents for each spike, or one for the block."""
        columns = 1 if self.joint(given) else given.channels
        return Values(self.outputs, columns, self.exponent, self.output_bits, self.output_signed)
