"""``[codebook]`` and ``[quantization]``: from latents to indices, from floats to integers, from indices to bits."""

from typing import Annotated, Literal

from pydantic import Field

from spikecae.design.section import Costs, Section, Unit
from spikecae.limits import MOST_CODEWORDS

__all__ = ["Codebook", "Quantization"]


class Codebook(Section):
    """Typical vectors, told by number: of a network, one codebook for all features; of a linear encoder, classes."""

    codewords: Annotated[
        int,
        Field(ge=1, le=MOST_CODEWORDS),
        Unit("codewords"),
        Costs(
            "The search's multiply-accumulates and the codebook's memory grow with it, and an index has log2 K bits "
            "before it is coded; 8 times as many gave 1.0 to 1.4 dB in short trainings."
        ),
    ]
    """K, vectors of which the nearest takes the place of a feature, or, in a linear encoder, is subtracted from the
    latents of a spike."""
    rate_weight: Annotated[
        float,
        Field(ge=0, le=1e6),
        Unit("squared latent steps per bit"),
        Costs("Bits against quality, at no cost on the chip: the search adds a constant to each score anyway."),
    ] = 0.0
    """λ, what a coded bit is worth in the search; 0 is the plain nearest codeword."""


class Quantization(Section):
    """How float weights become integers, and indices bits."""

    weight_bits: Annotated[
        Literal[4, 6, 8],
        Unit("bits"),
        Costs(
            "4 bits cost 0.2 to 0.3 dB after calibration, less than 0.1 dB after 20 epochs of fine-tuning. What that "
            "saves on the chip, ``hardware.weight_bits`` decides."
        ),
    ] = 8
    """Width of the convolutions' weights; the chip is as narrow if ``hardware.weight_bits`` says so."""
    activation_bits: Annotated[
        Literal[4, 5, 6, 8],
        Unit("bits"),
        Costs("8 in place of 6 take 14 % more energy for 0.06 dB, at weights of 4 bits."),
    ] = 8
    """Width of what the convolutions before the last hand on; the chip is as narrow."""
    latent_bits: Annotated[
        Literal[4, 5, 6, 8],
        Unit("bits"),
        Costs(
            "8 in place of 5 take 26 % more energy for 0.06 dB, 4 in place of 5 save 6 % for 0.24 dB, at weights of 4 "
            "bits."
        ),
    ] = 8
    """Width of the latents, and of the codewords they are compared with; the chip is as narrow."""
    fine_tune_epochs: Annotated[int, Field(ge=0), Unit("epochs"), Costs("The time of so many epochs of training.")] = 0
    """Epochs of quantization-aware training after calibration."""
    energy_weight: Annotated[
        float,
        Field(ge=0, le=1e6),
        Unit("squared error per million"),
        Costs("Energy against quality, at no cost on the chip; see ``docs/arithmetic.md``."),
    ] = 0.0
    """What fine-tuning gives for smaller products, summed over a block as |weight| times |activation|, in steps: small
    and idle operands switch fewer gates. 0 looks at quality alone."""
    code_tables: Annotated[
        Literal["one", "by_position"],
        Costs("By position: 9 to 24 % fewer bits, and a memory of so many times the size as there are tables."),
    ] = "one"
    """How many Huffman tables there are: ``by_position``, one for every position of the latent where that saves bits on
    validation spikes."""

    @property
    def widths(self) -> str:
        """In words: ``8-bit``, or of weights, activations and latents where they are narrower, as ``4/6/5-bit``."""
        bits = (self.weight_bits, self.activation_bits, self.latent_bits)
        return "8-bit" if set(bits) == {8} else "/".join(map(str, bits)) + "-bit"
