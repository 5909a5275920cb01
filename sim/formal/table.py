"""All properties that are proved."""

from sim.formal.property import Property
from sim.formal.streams import stream_properties

__all__ = ["properties"]


def properties() -> list[Property]:
    """In the order of the document."""
    return [*stream_properties()]
