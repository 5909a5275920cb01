"""All properties that are proved."""

from sim.formal.properties.arithmetic import arithmetic_properties
from sim.formal.properties.buffers import buffer_properties
from sim.formal.properties.control import control_properties
from sim.formal.properties.search import search_properties
from sim.formal.properties.snippet_parts import part_properties
from sim.formal.properties.snippets import snippet_properties
from sim.formal.properties.streams import stream_properties
from sim.formal.properties.sums import sum_properties
from sim.formal.property import Property

__all__ = ["properties"]


def properties() -> list[Property]:
    """In the order of the document."""
    return [
        *stream_properties(),
        *buffer_properties(),
        *snippet_properties(),
        *part_properties(),
        *control_properties(),
        *arithmetic_properties(),
        *sum_properties(),
        *search_properties(),
    ]
