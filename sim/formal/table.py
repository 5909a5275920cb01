"""All properties that are proved."""

from sim.formal.arithmetic import arithmetic_properties
from sim.formal.buffers import buffer_properties
from sim.formal.control import control_properties
from sim.formal.property import Property
from sim.formal.search import search_properties
from sim.formal.snippets import snippet_properties
from sim.formal.streams import stream_properties
from sim.formal.sums import sum_properties

__all__ = ["properties"]


def properties() -> list[Property]:
    """In the order of the document."""
    return [
        *stream_properties(),
        *buffer_properties(),
        *snippet_properties(),
        *control_properties(),
        *arithmetic_properties(),
        *sum_properties(),
        *search_properties(),
    ]
