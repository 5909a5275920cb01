"""Events whose snippets are copied at once: each keeps its place, and is sent from a copy that is whole."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from amaranth.hdl import Mux, Signal, Value

from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.parts import component
from sim.formal.property import Property

__all__ = ["copies_are_whole", "snippet_properties"]


def _ahead(first: Value, place: Value, depth: int) -> Value:
    """Places from the first to another one, in the order in which they are taken."""
    return Mux(place >= first, place - first, place + depth - first)[: depth.bit_length()]


def _keep_their_order(bench: Bench, unit: str = "") -> dict[str, Any]:
    """What holds of an event list at any time; the registers that say so, by name.

    Args:
        bench: around a list, or what has one.
        unit: how the list is called there, with a dot.
    """
    found = {name: bench.inside(unit + name) for name in ("counts", "tail", "taken", "depth", "enters", "dropped")}
    depth, ends, total = found["depth"], found["tail"], Value.cast(0)
    for name, count in found["counts"].items():
        found[name] = first = bench.inside(unit + name)
        bench.prove((first.place < depth) & (count <= depth))
        bench.prove(_ahead(first.place, ends, depth) == Mux(count == depth, 0, count))
        ends, total = first.place, total + count
    for place in range(depth):
        waits = _ahead(found["waiting"].place, place, depth) < found["counts"]["waiting"]
        bench.prove(~(waits & found["dropped"][place]))
    bench.prove((found["tail"] < depth) & (total == found["taken"]) & (total <= depth))
    return found


def _listed() -> Bench:
    """Any one place is followed."""
    bench = Bench(component("EventList", "detector"))
    m, found = bench.m, _keep_their_order(bench)
    depth, whole = found["depth"], found["whole"]
    place, here, forgotten = bench.constant("place", depth.bit_length()), Signal(), Signal()
    bench.assume(place < depth)
    for name in found["counts"]:
        first = found[name]
        bench.assume(~first.leave | first.valid)
        with m.If(first.leave & first.drop & (first.place == place)):
            m.d.sync += forgotten.eq(1)
        bench.prove(~(first.valid & (first.place == place)) | (here & (first.dropped == forgotten)))
    with m.If(whole.leave & (whole.place == place)):
        m.d.sync += here.eq(0)
    comes = found["enters"] & (found["tail"] == place)
    with m.If(comes):
        m.d.sync += [here.eq(1), forgotten.eq(0)]
    bench.prove(~comes | ~here)
    bench.prove(here == (_ahead(whole.place, place, depth) < found["taken"]))
    bench.prove(~here | (found["dropped"].bit_select(place, 1) == forgotten))
    return bench


def copies_are_whole(bench: Bench) -> dict[str, Any]:
    """What holds of a snippet reader at any time: which event is copied and sent, and which of its samples.

    Returns:
        The registers that say so, by name.
    """
    found = _keep_their_order(bench, "events.")
    found |= {name: bench.inside(name) for name in ("front_end", "reading", "copied", "at", "store")}
    front_end, reading, copied, at = (found[name] for name in ("front_end", "reading", "copied", "at"))
    spike, sample, ends = (bench.inside(name) for name in ("spike", "sample", "ends"))
    size, samples = front_end.spikes * front_end.samples, front_end.samples
    waiting, whole = found["waiting"], found["whole"]
    for name in found["counts"]:
        bench.prove(~found[name].leave | found[name].valid)

    copying = reading | copied
    bench.prove(~copying | (waiting.valid & ~whole.valid))
    for place in range(found["depth"]):
        behind = _ahead(whole.place, place, found["depth"])
        bench.prove((behind == 0) | (behind >= found["counts"]["whole"]) | found["dropped"][place])
    bench.prove((spike < front_end.spikes) & (sample < samples) & (at < size))
    bench.prove(~reading | (spike * samples + sample == at + copied))
    bench.prove(reading | (spike == 0))
    bench.prove(~copied | (ends == ~reading))
    bench.prove(Mux(copied & ends, at == size - 1, copying | (at == 0)))

    next_at, ending, sent = (bench.inside(f"store.{name}") for name in ("next_at", "ending", "o"))
    sent_spike, sent_sample = bench.inside("store.spike"), bench.inside("store.sample")
    begins = (next_at == 0) & ~ending & ~sent.valid
    bench.prove((next_at < size) & (next_at == sent_spike * samples + sent_sample))
    bench.prove((sent_spike < front_end.spikes) & (sent_sample < samples))
    bench.prove(~ending | ((next_at == 0) & sent.valid))
    bench.prove(~sent.valid | ending | (next_at != 0))
    bench.prove(begins | (whole.valid & ~whole.dropped) | (copying & ~ending & (next_at <= at)))
    bench.prove(~ending | whole.valid)
    return found


def _copied() -> Bench:
    """Any one sample of the event that is sent next is followed to the store."""
    bench = Bench(component("SnippetReader", "detector"))
    m, found = bench.m, copies_are_whole(bench)
    front_end, store, at = (found[name] for name in ("front_end", "store", "at"))
    whole, copying = found["whole"], found["reading"] | found["copied"]
    chosen, kept = bench.constant("chosen", len(at)), Signal()
    bench.assume(chosen < front_end.spikes * front_end.samples)
    with m.If(bench.inside("starts") & ~bench.inside("late")):
        m.d.sync += kept.eq(0)
    with m.Elif(store.write & (store.at == chosen)):
        m.d.sync += kept.eq(1)

    bench.prove(~(whole.valid & ~whole.dropped) | kept)
    bench.prove(~(bench.inside("store.read").en & (bench.inside("store.next_at") == chosen)) | kept)
    bench.prove(~(copying & (chosen < at)) | kept)
    return bench


def snippet_properties() -> Iterator[Property]:
    """Of events that wait for their snippets, and of these."""
    yield Property(
        name="buffer/events/detector",
        component="EventList",
        says="each event has a place of its own from when it is found until it has been sent, and all go on in the "
        "order in which they came",
        assumes="none is sent on that is not there",
        bench=_listed,
        broken=partial(with_fault, _listed, "rtl.front_end.event_list", "full.eq(taken == depth)", "full.eq(0)"),
        depth=2,
    )
    yield Property(
        name="buffer/snippets/detector",
        component="SnippetReader",
        says="an event is sent from a copy that has each of its samples, over which no other one is copied",
        assumes="",
        bench=_copied,
        broken=partial(with_fault, _copied, "rtl.front_end.snippet_reader", "(late | ~whole.valid)", "1"),
        depth=2,
        found_within=48,
    )
