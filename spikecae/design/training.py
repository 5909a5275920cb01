"""``[synthetic]`` and ``[training]``: the embedded recording, and how the network learns."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from spikecae.design.section import Costs, Section, Unit

__all__ = ["Synthetic", "Training"]

LAST_SEED = 1_000_000_000
"""Generators of random numbers take none below 0, and not all take larger ones."""


class Synthetic(Section):
    """The embedded ground-truth recording, made by SpikeInterface from a seed, for when there is no other."""

    seed: Annotated[int, Field(ge=0, le=LAST_SEED)] = 0
    """Another seed, another recording."""
    duration_s: Annotated[
        float,
        Field(gt=0, le=3600),
        Unit("s"),
        Costs("Spikes, and the time of everything that is done with them."),
    ] = 60.0
    """Length of the recording."""
    units: Annotated[int, Field(ge=1, le=1000), Unit("neurons")] = 40
    """Neurons that fire."""
    channels: Annotated[int, Field(ge=1, le=1024), Unit("channels")] = 32
    """Contacts of the probe: two columns 32 µm apart at 15 µm; four or fewer, the corners of a square of 25 µm."""
    noise: Annotated[float, Field(gt=0, le=100_000), Unit("recording units")] = 8.0
    """Standard deviation of the noise."""
    amplitude: Annotated[list[Annotated[float, Field(gt=0, le=100_000)]], Unit("recording units")] = Field(
        default=[100.0, 500.0], min_length=2, max_length=2
    )
    """Range of the units' amplitudes at their own place; farther away they are smaller."""
    firing_rate_hz: Annotated[list[Annotated[float, Field(gt=0, le=200)]], Unit("Hz")] = Field(
        default=[2.0, 6.0], min_length=2, max_length=2
    )
    """Range of the units' firing rates."""

    @field_validator("amplitude", "firing_rate_hz")
    @classmethod
    def _is_a_range(cls, ends: list[float]) -> list[float]:
        if ends[0] > ends[1]:
            raise PydanticCustomError("falling_range", "must not fall; write the smaller number first")
        return ends


class Training(Section):
    """How the encoder and its decoder are trained. Nothing here changes the chip's shape."""

    recipe: Annotated[
        Literal["paper", "best"],
        Costs("On Wave_Clus ``best``, with small steps and no dropout, came out 0.8 to 1.5 dB above ``paper``."),
    ] = "best"
    """How it is trained: ``paper`` as published; ``best`` as measured to work better here, with a codebook that follows
    the latents by averages, dead codewords revived, a falling learning rate, and queues formed anew in each epoch."""
    epochs: Annotated[
        int,
        Field(ge=0),
        Unit("epochs"),
        Costs("Time in proportion: 17 minutes for 40 epochs of neuropixels, on one core."),
    ] = 0
    """Passes of a network over the training spikes. The epoch that is best on validation spikes is kept."""
    batch: Annotated[
        int,
        Field(ge=1),
        Unit("blocks"),
        Costs("Short recordings want small ones: 16 in place of 48, without dropout, gave 0.2 to 1.3 dB on Wave_Clus."),
    ] = 48
    """Blocks per step."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Learning rate of Adam at the start; ``best`` lets it fall as a cosine, ``paper`` keeps it."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    """Weight decay of Adam."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of values that are dropped in a training step."""
    commitment: Annotated[float, Field(ge=0)] = 0.15
    """Weight in the loss of how far latents are from their codewords; squared error has weight 1."""
    seed: Annotated[int, Field(ge=0, le=LAST_SEED)] = 0
    """Draws the first weights and classes, the order of blocks and what is dropped."""
