"""``[hardware]``: knobs of the generated encoder."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from spikecae.design.codebook import Quantization
from spikecae.design.rules import Fault, rule
from spikecae.design.section import Costs, Origin, Section, Unit

__all__ = ["FOLDS", "WITHOUT_MACROS", "Hardware", "MemoryBackEnd"]

Fold = Literal[1, 2, 4, 8, 16, 32, 64]
FOLDS: tuple[int, ...] = get_args(Fold)
"""Cycles per sample that there are."""

WITHOUT_MACROS = ("inferred", "registers")
"""Arrays for synthesis to infer, and flip-flops: what every process has."""

MemoryBackEnd = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", examples=list(WITHOUT_MACROS))]
"""What memories are in Verilog for a layout: one of ``WITHOUT_MACROS``, or the name of a process that has macros."""


MacroRows = Literal["balanced", "long"]


class Hardware(Section):
    """Knobs of the generated encoder."""

    fold: Annotated[
        Fold,
        Unit("cycles"),
        Costs(
            "Multipliers shrink by it, a block's cycles grow by it. Less area, more energy: with 8 bits, 1.3 mm² of "
            "cells and 681 nJ a spike at fold 4; 3.0 mm² and 367 nJ at fold 1 with ``stationary`` blocks."
        ),
    ] = 4
    """Cycles per sample."""
    clock_mhz: Annotated[
        float,
        Field(gt=0, le=1000),
        Unit("MHz"),
        Costs(
            "Spikes a second, and the power of a clock that idles, grow with it. The energy of a spike stays, unless "
            "cells must be larger to keep up."
        ),
    ] = 20.0
    """Clock that cells are sized for, and that the layout's constraints ask for."""
    parameters: Annotated[
        Literal["ram", "rom"],
        Costs(
            "Built in, 197 in place of 232 nJ a spike with narrow integers, and no macros for parameters; they can "
            "never be changed."
        ),
    ] = "ram"
    """Whether weights, tables and codebooks are loaded (``ram``), or built in (``rom``)."""
    weight_bits: Annotated[
        Literal[4, 6, 8],
        Unit("bits"),
        Costs("8 in place of 4 take 32 % more energy and 40 % more area of cells, at fold 1."),
    ] = 8
    """Width of a convolution's weight in memory, registers and multipliers."""
    memories: Annotated[MemoryBackEnd, Costs("No value and no cycle depends on it.")] = "inferred"
    """What memories are in the Verilog for a layout: ``inferred``, arrays for synthesis to infer; ``registers``,
    flip-flops; the name of a process, macros of its kit, and flip-flops where these are smaller. All but the first add
    a file of Verilog."""
    macro_rows: Annotated[
        MacroRows,
        Costs("``long`` spares an implant of 128 channels 5 % of its area, and takes 7 % more power."),
    ] = "balanced"
    """Which macros hold a memory: those with the least product of area and energy (``balanced``), or of area squared
    and energy (``long``): rows of more words take less area, and more energy an access."""
    bias_bits: Annotated[
        int,
        Field(ge=8, le=24),
        Unit("bits"),
        Costs("Width of each bias in memory and registers; accumulators hold any such bias."),
    ] = 18
    """Signed width of a bias that is loaded. A spec that needs more is refused when the Verilog is made."""
    identity_shift: Annotated[
        int,
        Field(ge=0, le=15),
        Unit("bits"),
        Costs("Accumulators of the residual blocks hold any identity shifted so far."),
    ] = 12
    """Largest shift of an identity whose parameters are loaded."""
    packet_blocks: Annotated[
        int,
        Field(ge=1, le=64),
        Unit("blocks"),
        Costs(
            "The packet buffer has room for so many blocks of the longest codes, with events for every spike. Framing "
            "adds 86 % to the bits with 1 block a packet, 11 % with 8, 1.3 % with 64."
        ),
    ] = 8
    """Most blocks that a packet may hold. A register of the chip sets how many it does hold."""
    stationary: Annotated[
        Literal["none", "blocks", "convolutions", "all"],
        Costs(
            "``blocks`` saves 5 % of the energy for 7 % more area of cells, ``convolutions`` another 7 % for 16 %; "
            "``all`` costs again what the latter saved."
        ),
    ] = "none"
    """Where every weight has a multiplier of its own, so that one operand of each product stands still: nowhere, in the
    residual blocks, in the last convolution too, or also, with a lane for each sub-vector, in the search. Those of the
    first convolution stand still anyway."""
    operand_isolation: Annotated[bool, Costs("Saves 6 % of the energy; the longest path is 7 % longer.")] = True
    """Whether words that are not for a unit, and sums that are not finished, are kept from its logic by gates."""
    early_exit: Annotated[bool, Costs("Saves 4 % of the energy for 1 % more area of cells.")] = False
    """Whether the codeword search stops multiplying for a candidate once it cannot win; same indices, same cycles."""

    @field_validator("memories")
    @classmethod
    def _are_known(cls, memories: str, info: ValidationInfo) -> str:
        origin = info.context
        if not isinstance(origin, Origin) or origin.macro_processes is None:
            return memories
        choices = [*WITHOUT_MACROS, *sorted(origin.macro_processes)]
        if memories not in choices:
            known = f"no memories of that name; choose {', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}"
            raise PydanticCustomError("unknown_memories", "{text}", {"text": known})
        return memories

    @rule
    def holds_the_weights(self, quantization: Quantization) -> Iterator[Fault]:
        """``hardware.weight_bits`` is ``quantization.weight_bits`` at least."""
        width, limit = quantization.weight_bits, self.weight_bits
        if limit < width:
            remedy = f"raise it, or set quantization.weight_bits to {limit}"
            yield Fault("hardware.weight_bits", limit, f"narrower than quantization.weight_bits = {width}; {remedy}")

    @rule
    def stands_still_at_fold_one(self) -> Iterator[Fault]:
        """``hardware.stationary`` is ``"none"`` unless ``hardware.fold`` is 1."""
        if self.stationary != "none" and self.fold != 1:
            remedy = f"only at fold 1, not {self.fold}; set hardware.fold to 1, or this to 'none'"
            yield Fault("hardware.stationary", self.stationary, remedy)
