"""``[encoder]`` of ``kind = "linear"``: a linear map, classes, and levels."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from spikecae.design.block import Block, Normalization
from spikecae.design.codebook import Codebook, Quantization
from spikecae.design.encoder import Encoder, register_encoder
from spikecae.design.hardware import Hardware
from spikecae.design.rules import Fault, rule
from spikecae.design.section import Costs, Unit
from spikecae.design.training import Training
from spikecae.limits import MOST_CHANNELS, MOST_CLASSES, MOST_FEATURES, MOST_POINTS

__all__ = ["WITHOUT_EFFECT", "Linear"]

WITHOUT_EFFECT = {
    "quantization": ("activation_bits", "latent_bits", "fine_tune_epochs", "energy_weight", "code_tables"),
    "hardware": ("identity_shift", "stationary", "early_exit"),
    "training": ("recipe", "epochs", "batch", "learning_rate", "weight_decay", "dropout", "commitment"),
}
"""Keys of other sections that are about what this kind does not have."""


@register_encoder
class Linear(Encoder):
    """A linear map of a spike, or of a block, to ``features`` latents. The nearest of ``codebook.codewords`` classes,
    typical columns of latents, is subtracted (1 for none); the rest is rounded to levels, which groups of latents send
    as one symbol. What is far from all that was seen in training takes more bits, and comes back as exactly."""

    learns_in_epochs: ClassVar[bool] = False

    kind: Literal["linear"] = "linear"
    """A linear map, and levels."""
    features: Annotated[
        int,
        Field(ge=1, le=MOST_FEATURES),
        Unit("latents"),
        Costs("Multiply-accumulates and weights grow with it; latents too small for the rate asked for cost few bits."),
    ]
    """N, latents of a spike; of a block, if it is mapped together."""
    joint: Annotated[
        bool,
        Costs(
            "What the spikes of a block have in common is sent once; the map has M times as many weights, and each "
            "serves one product, not M."
        ),
    ] = False
    """Whether all spikes of a block are mapped together, as the M contacts of an event in a ``neighbourhood``; or each
    by itself. A ``queue`` may be mapped together too, which pays only where spikes that follow each other are alike."""
    decimation: Annotated[
        Literal[1, 2, 4, 8],
        Unit("codes"),
        Costs("Multiply-accumulates, weights and the input buffer are so many times fewer."),
    ] = 1
    """Neighbouring codes of which the map is given the sum: what the band leaves out need not be multiplied."""
    bits_per_spike: Annotated[
        float,
        Field(gt=0, le=1000),
        Unit("bits"),
        Costs("Bits against quality."),
    ]
    """What a spike may take, on average of the validation spikes: the width of a level is chosen for that."""
    further_bits_per_spike: Annotated[
        list[Annotated[float, Field(gt=0, le=1000)]],
        Unit("bits"),
        Costs(
            "Memory of classes and code tables once more for each. The map is that of ``bits_per_spike``: what that "
            "costs at other rates, [results](results.md#linear-encoders-several-rates-on-one-chip) say."
        ),
    ] = Field(default=[], max_length=MOST_POINTS - 1)
    """The same at further operating points of the chip: each has a scale of the samples, classes, boxes of levels, code
    tables and a decoder for itself, and packets say which is in force."""
    symbols: Annotated[
        int,
        Field(ge=2, le=1024),
        Unit("symbols"),
        Costs("Memory of the code tables; with more, more levels share a symbol."),
    ] = 64
    """Most symbols of a group of levels."""

    def points(self) -> tuple[Self, ...]:
        """That of ``bits_per_spike``, then one for each of ``further_bits_per_spike``, as if it were the only one."""
        further = ({"bits_per_spike": bits, "further_bits_per_spike": []} for bits in self.further_bits_per_spike)
        return (self, *(self.model_copy(update=update) for update in further))

    def latent_samples(self, block: Block) -> int:
        """One for each spike that is mapped by itself."""
        return 1 if self.joint else block.spikes

    def mapped_samples(self, block: Block) -> int:
        """Samples that the map takes at a time."""
        return block.samples // self.decimation * (block.spikes if self.joint else 1)

    @rule
    def sums_whole_spikes(self, block: Block, normalization: Normalization) -> Iterator[Fault]:
        """``encoder.decimation`` divides ``block.samples``; above 1, ``normalization.kind`` is ``"global"``."""
        if block.samples % self.decimation:
            remedy = f"does not divide block.samples = {block.samples}; choose one that does"
            yield Fault("encoder.decimation", self.decimation, remedy)
        if self.decimation > 1 and normalization.kind != "global":
            remedy = "sums of codes have one normalization for all; set normalization.kind to 'global', or this to 1"
            yield Fault("encoder.decimation", self.decimation, remedy)

    @rule
    def no_more_features_than_samples(self, block: Block) -> Iterator[Fault]:
        """``encoder.features`` is ``block.samples / encoder.decimation`` at most; if ``joint``, ``block.spikes`` times
        that."""
        samples = self.mapped_samples(block)
        if self.features > samples:
            remedy = f"a map of {samples} samples has no more latents than these; choose {samples} or fewer"
            yield Fault("encoder.features", self.features, remedy)

    @rule
    def takes_the_block(self, block: Block) -> Iterator[Fault]:
        """With ``joint``, ``block.spikes · block.samples / encoder.decimation`` is 1024 at most."""
        samples = self.mapped_samples(block)
        if samples > MOST_CHANNELS:
            remedy = f"{samples} samples together, {MOST_CHANNELS} at most; set it to false, or take shorter blocks"
            yield Fault("encoder.joint", self.joint, remedy)

    @rule
    def further_points_take_fewer_bits(self) -> Iterator[Fault]:
        """All of ``encoder.further_bits_per_spike`` lie below ``encoder.bits_per_spike``, and no two are equal."""
        rates = self.further_bits_per_spike
        if len(set(rates)) < len(rates) or max(rates, default=0) >= self.bits_per_spike:
            remedy = (
                f"must differ, and lie below encoder.bits_per_spike = {self.bits_per_spike:g}: the chip's widths are "
                "those of the highest rate; change them, or make the highest one encoder.bits_per_spike"
            )
            yield Fault("encoder.further_bits_per_spike", rates, remedy)

    @rule
    def no_more_classes_than_fit(self, codebook: Codebook) -> Iterator[Fault]:
        """``codebook.codewords`` is 256 at most."""
        if codebook.codewords > MOST_CLASSES:
            remedy = f"a linear encoder has {MOST_CLASSES} classes at most; choose fewer"
            yield Fault("codebook.codewords", codebook.codewords, remedy)

    @rule
    def weighs_classes_if_there_are_any(self, codebook: Codebook) -> Iterator[Fault]:
        """``codebook.rate_weight`` is 0 where ``codebook.codewords`` is 1."""
        if codebook.rate_weight and codebook.codewords == 1:
            remedy = "has no effect without classes; remove it, or set codebook.codewords to 2 or more"
            yield Fault("codebook.rate_weight", codebook.rate_weight, remedy)

    @rule
    def asks_for_nothing_it_lacks(
        self, quantization: Quantization, hardware: Hardware, training: Training
    ) -> Iterator[Fault]:
        """What has no effect here has its default: ``quantization.activation_bits``, ``latent_bits``,
        ``fine_tune_epochs``, ``energy_weight`` and ``code_tables``; ``hardware.identity_shift``, ``stationary`` and
        ``early_exit``; ``training.recipe``, ``epochs``, ``batch``, ``learning_rate``, ``weight_decay``, ``dropout`` and
        ``commitment``."""
        sections = {"quantization": quantization, "hardware": hardware, "training": training}
        for name, section in sections.items():
            for key in WITHOUT_EFFECT[name]:
                value, default = getattr(section, key), type(section).model_fields[key].default
                if value != default:
                    yield Fault(f"{name}.{key}", value, "has no effect on a linear encoder; remove it")
