"""All that is wrong with a design, and what it will take."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from flow.layout import find_layout
from flow.price.module import encoder_of, refusals
from flow.price.price import Price, price
from flow.price.untrained import network_spec, untrained_specs
from model.autoencoder.network import Autoencoder
from spikecae.design import Design, DesignError

__all__ = ["Check", "check", "text_of"]

RANDOM = "none yet: of the right shape, from made-up spikes"
OWN = "those that the module starts with, on made-up spikes"


class Check(BaseModel):
    """What was found; there is a price where there are no faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    file: str
    faults: list[str]
    """A line for each, with the key, its value and the remedy."""
    price: Price | None


def check(name: str, module: str | None = None) -> Check:
    """Judge a design, and emit an encoder of its shape to count what it is made of.

    Args:
        name: of a design in ``designs/``, or the path of its file.
        module: ``FILE.py:CLASS`` of an encoder that takes the place of the design's network.

    Raises:
        ValueError: there is no such design, or no such module.
    """
    layout = find_layout(name)
    faults: list[str] = []
    found: Price | None = None
    try:
        design = layout.design
        if module is None:
            found = price(design, untrained_specs(design), RANDOM)
        else:
            faults, found = _of_module(design, module)
    except DesignError as error:
        faults = [fault.strip() for fault in error.faults]
    except ValueError as error:  # widths that the shape needs, and the hardware does not have
        faults = str(error).splitlines()
    return Check(design=layout.name, file=str(layout.toml), faults=faults, price=found)


def _of_module(design: Design, module: str) -> tuple[list[str], Price | None]:
    encoder = encoder_of(module, design)
    faults = refusals(encoder)
    if faults:
        return faults, None
    network = Autoencoder(design)
    network.encoder = encoder
    return [], price(design, [network_spec(design, network)], OWN)


def text_of(found: Check) -> str:
    """For people."""
    if found.faults:
        noun = "fault" if len(found.faults) == 1 else "faults"
        return "\n".join([f"{found.file}: {len(found.faults)} {noun}", *(f"  {fault}" for fault in found.faults)])
    assert found.price is not None
    e = found.price.estimate
    rows = [*found.price.rows(), ("weights", found.price.weights)]
    return "\n".join(
        [
            f"{found.file}: no fault; estimated for {e.process}, the encoder alone:",
            *(f"  {name:<12} {said}" for name, said in rows),
        ]
    )
