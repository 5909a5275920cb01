"""The stream contract of every component that sends one: what is offered stays until it is taken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from amaranth.lib.wiring import In, Out

from sim.formal.bench import Bench
from sim.formal.parts import component
from sim.formal.properties.buffers import stands_until_taken
from sim.formal.properties.snippet_parts import PEAKS_IN_TIME, rooms_are_whole
from sim.formal.properties.snippets import copies_are_whole
from sim.formal.property import Property

__all__ = ["stream_properties"]


@dataclass(frozen=True)
class Around:
    """What a component needs around it, besides streams that keep to the contract, and what helps the induction."""

    assumes: str = ""
    add: Callable[[Bench], object] = lambda bench: None


def _keeps_pad(bench: Bench) -> None:
    part = bench.component
    bench.assume(~bench.seen | ~bench.past(part.pad & part.o.valid & ~part.o.ready) | part.pad)


def _keeps_names(bench: Bench) -> None:
    part = bench.component
    waits = bench.seen & bench.past(part.i.valid & ~part.i.ready)
    for value in (part.user, part.sidecar):
        bench.assume(~waits | (value == bench.past(value)))


def _keeps_settings(bench: Bench) -> None:
    part = bench.component
    vacant = bench.past(part.idle & ~part.block_end)
    for value in (part.raw, part.sidecar, part.tag, part.limit):
        bench.assume(~bench.seen | vacant | (value == bench.past(value)))
    bench.assume((part.limit != 0) & ~(part.block_end & part.full))
    count = bench.inside("count")
    bench.prove(part.full | (count < part.limit))
    bench.prove(~part.full | ((count != 0) & (count <= part.limit)))


def _rests_while_it_sends(bench: Bench) -> None:
    inside = bench.inside
    bench.prove(~(bench.component.o.valid | inside("scored_end")) | inside("emitting"))


def _compares_no_more(bench: Bench, leveler: str = "") -> None:
    nearest, chosen, o = (bench.inside(leveler + name) for name in ("nearest", "chosen", "o"))
    reading, scoring, last_part, last_k = (
        bench.inside(f"{leveler}nearest.{name}") for name in ("reading", "scoring", "last_part", "last_k")
    )
    bench.prove(~(o.valid | chosen.valid | nearest.fetch) | ~(reading | scoring))
    bench.prove(~bench.inside(f"{leveler}i").ready | ~(reading | scoring))
    bench.prove(~(scoring & last_part & last_k) | ~reading)


AROUND = {
    "BitPacker": Around("`pad` stays while a byte waits", _keeps_pad),
    "BlockWriter": Around("`pad` stays while a byte waits", _keeps_pad),
    "RawPath": Around("channel, time and `sidecar` stay while a sample waits", _keeps_names),
    "Packetizer": Around(
        "settings are legal, and change only while nothing is stored; no block ends while a packet is sent",
        _keeps_settings,
    ),
    "Leveler": Around(add=_compares_no_more),
    "LevelCoder": Around(add=partial(_compares_no_more, leveler="leveler.")),
    "SnippetReader": Around(add=copies_are_whole),
    "PartReader": Around(PEAKS_IN_TIME, rooms_are_whole),
    "WordBuffer": Around(add=stands_until_taken),
    "VectorSearch": Around(add=_rests_while_it_sends),
}


SOURCES = {
    "tiny": (
        *("Normalizer", "InputBuffer", "Convolution", "SlidingWindow", "DotProduct", "Requantizer", "ResidualBlock"),
        *("MaxPool", "WordLoop", "Distributor", "HuffmanCoder", "EventCoder", "BitPacker", "BlockWriter", "RawPath"),
        "Packetizer",
    ),
    "lite": ("Normalizer", "InputBuffer", "ItemCoder", "BlockWriter"),
    "projection": ("Projector", "GroupAccumulator"),
    "direct": ("Projector", "DotProduct", "GroupAccumulator"),
    "search": ("VectorSearch",),
    "levels": ("LevelCoder", "Leveler", "Grouper"),
    "detector": ("SnippetReader", "SnippetStore"),
    "parts": ("PartReader",),
    "word": ("WordBuffer",),
    "place": ("WordBuffer",),
}
"""Kinds of components that send streams, by what they are taken from."""
FOUND_WITHIN = {"EventCoder": 48}
"""Cycles from reset until the deaf component breaks the contract, where many."""


def _bench(kind: str, top: str, *, deaf: bool) -> Bench:
    """The contract of all streams that go out. A ``deaf`` component takes its receivers for ready when they are not."""
    bench = Bench(component(kind, top))
    for _, given in bench.streams(In):
        bench.assume(bench.stays(given, given.ready))
    bench.tables_hold()
    AROUND.get(kind, Around()).add(bench)
    for name, given in bench.streams(Out):
        ready: Any = given.ready
        if deaf:
            bench.assume(given.ready)
            ready = bench.free(f"{name}_really_ready", 1)
        bench.prove(bench.stays(given, ready))
    return bench


def stream_properties() -> Iterator[Property]:
    """One for each kind of component that sends streams, in each shape."""
    for top, kinds in SOURCES.items():
        for kind in kinds:
            yield Property(
                name=f"stream/{kind}/{top}",
                component=kind,
                says="what a stream offers stays, and does not change, until it is taken",
                assumes=AROUND.get(kind, Around()).assumes,
                bench=partial(_bench, kind, top, deaf=False),
                broken=partial(_bench, kind, top, deaf=True),
                depth=2,
                found_within=FOUND_WITHIN.get(kind, 24),
            )
