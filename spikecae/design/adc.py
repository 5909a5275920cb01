"""``[adc]``: what the chip is fed by."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from spikecae.design.rules import Fault, rule
from spikecae.design.section import Costs, Section, Unit
from spikecae.limits import LEAST_ADC_BITS, MOST_ADC_BITS

__all__ = ["Adc"]


class Adc(Section):
    """The analog-to-digital converter that the encoder is fed by."""

    bits: Annotated[
        int,
        Field(ge=LEAST_ADC_BITS, le=MOST_ADC_BITS),
        Unit("bits"),
        Costs("The encoder's input has 16 bits in any case; the words of a front end's memories grow with it."),
    ]
    """Width of a code."""
    lsb: Annotated[
        float,
        Field(gt=0),
        Unit("recording units per step"),
        Costs(
            "Too coarse, it drowns small spikes; too fine, large ones are clipped. Clipped samples are counted and "
            "reported."
        ),
    ]
    """Step of the converter. Recordings are converted with it before anything else sees them."""
    signed: bool = True
    """Whether codes are two's complement. Codes of an unsigned converter have their zero at mid-scale."""

    @property
    def zero(self) -> int:
        """Code of no signal: that of an unsigned converter lies at mid-scale."""
        return 0 if self.signed else 1 << (self.bits - 1)

    @property
    def minimum(self) -> int:
        """Smallest code."""
        return self.zero - (1 << (self.bits - 1))

    @property
    def maximum(self) -> int:
        """Largest code."""
        return self.zero + (1 << (self.bits - 1)) - 1

    @rule
    def fits_the_input(self) -> Iterator[Fault]:
        """A converter of 16 bits is signed, as the encoder's input is."""
        if self.bits == 16 and not self.signed:
            yield Fault(
                "adc.signed",
                self.signed,
                "the encoder's input is signed 16 bit; set it to true, or adc.bits to 15 or less",
            )
