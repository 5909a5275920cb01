"""Units and memories of a spike detector, for the manifest."""

from collections.abc import Iterator

from rtl.front_end.band_pass_filter import states_layout
from rtl.front_end.circular_buffer import lanes_of_memories
from rtl.front_end.event_list import listed_layout
from rtl.front_end.event_stages import crossing_layout
from rtl.front_end.noise_estimator import noise_layout
from rtl.front_end.peak_finder import banks_of, state_layout
from rtl.manifest import Memory
from spikecae.front_end.front_end import FrontEnd

__all__ = ["memories_of", "units_of"]


def units_of(front_end: FrontEnd) -> list[str]:
    """Parts of the detector that can be synthesized alone, by the names of their instances."""
    first = ["filter"] if front_end.band_pass else []
    return [
        *first,
        "counter",
        "noise",
        "peaks",
        "buffer",
        "reader",
        *(["arbiter"] if front_end.neighbours else []),
    ]


def memories_of(front_end: FrontEnd, detector: str) -> Iterator[Memory]:
    """Its memories.

    Args:
        front_end: what is detected.
        detector: dotted path of its instance.
    """
    channels, bits = max(2, front_end.channels), front_end.bits

    def held(place: str, array: str, words: int, width: int, **use: object) -> Memory:
        named = {"name": f"{detector}.{place}", "array": array, "words": words, "width": width}
        return Memory.model_validate({"kind": "ram", **named, **use})

    lanes, groups = front_end.lanes, front_end.groups
    once = 2 if front_end.own_words else 1
    if front_end.filter_groups > 1 and front_end.band_pass:
        width = front_end.filter_lanes * states_layout(front_end).size
        ports = 1 if front_end.filter_lanes > 1 else 2
        yield held("filter", "states", front_end.filter_groups, width, ports=ports)
    yield held("noise", "words", channels, noise_layout(front_end).size, ports=1)
    banks = banks_of(front_end)
    for bank in range(banks):
        state = state_layout(front_end).size
        yield held(f"peaks.states{bank}", "words", channels // banks, state, ports=3 - banks, rare=True)
    if groups > 1:
        yield held("peaks.flags", "words", groups, lanes, immediate=True)
    for number, together in enumerate(lanes_of_memories(front_end)):
        yield held(f"buffer.samples{number}", "words", groups * front_end.frames, together * bits, ports=once)
    if front_end.in_parts:
        crossing, delay = crossing_layout(front_end).size, (front_end.search - 1).bit_length()
        yield held("reader.list", "crossings", front_end.queue, crossing, immediate=True)
        yield held("reader.list.delays", "words", front_end.queue, delay, immediate=True)
        yield held("reader", "samples", front_end.copied, bits, ports=1)
    else:
        yield held("reader.list", "events", front_end.queue, listed_layout(front_end).size, immediate=True)
        yield held("reader.store", "samples", front_end.copied, bits)
    if front_end.neighbours:
        rows = max(2, 1 << (front_end.spikes - 1).bit_length())
        place = (channels - 1).bit_length()
        bits_of_place = (max(2, lanes) - 1).bit_length() + (max(2, groups) - 1).bit_length()
        yield held("arbiter", "close", channels, 2 * place, kind="rom")
        yield held("reader", "neighbours", front_end.channels * rows, bits_of_place, kind="rom")
