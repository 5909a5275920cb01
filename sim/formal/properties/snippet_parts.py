"""Events whose snippets are copied in parts: each keeps place and time, and is sent from a room that is whole."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from amaranth.hdl import Mux, Signal, Value

from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.parts import component
from sim.formal.property import Property

__all__ = ["PEAKS_IN_TIME", "part_properties", "rooms_are_whole"]

PEAKS_IN_TIME = "an event's peak is told before its last part is copied"


def _between(older: Any, newer: Any, depth: int) -> Value:
    """Places from one pointer to another one, which has gone round once more at most."""
    return (newer.place + Mux(newer.turn == older.turn, 0, depth) - older.place).as_signed()


def _keep_their_order(bench: Bench, unit: str = "") -> dict[str, Any]:
    """What holds of a list of events at any time; its registers, by name.

    Args:
        bench: around a list, or what has one.
        unit: how the list is called there, with a dot.
    """
    names = ("depth", "tail", "sought", "gone", "firsts", "enters", "belongs", "there", "full", "changes")
    found = {name: bench.inside(unit + name) for name in names}
    depth, tail, sought, gone, firsts = (found[name] for name in ("depth", "tail", "sought", "gone", "firsts"))
    for pointer in (tail, sought, gone, *firsts):
        bench.prove(pointer.place < depth)
    known = _between(gone, sought, depth)
    order = [Value.cast(depth), *(_between(gone, one, depth) for one in (tail, *firsts)), Value.cast(0)]
    for newer, older in pairwise(order):
        bench.prove(older <= newer)
    # The peak of an event is told before the last part of it has been copied.
    last = order[-2]
    bench.prove((last <= known) & (known <= order[1]))
    return found | {"listed": order[1], "known": known, "last": last}


def _listed() -> Bench:
    """Any one place is followed."""
    bench = Bench(component("EventStages", "parts"))
    m, part, found = bench.m, bench.component, _keep_their_order(bench)
    depth, gone = found["depth"], found["gone"]
    place, here, stage = bench.constant("place", depth.bit_length()), Signal(), Signal(range(len(found["firsts"]) + 1))
    last = part.stage == len(found["firsts"]) - 1
    bench.assume((place < depth) & (part.stage < len(found["firsts"])))
    bench.assume(~part.leave | (part.valid & (~last | (found["known"] > found["last"]))))
    bench.assume(~part.sent | part.whole_valid)
    comes = found["enters"] & (found["tail"].place == place)
    with m.If(part.leave & (part.place == place)):
        m.d.sync += stage.eq(stage + 1)
    with m.If(part.sent & (part.whole_place == place)):
        m.d.sync += here.eq(0)
    with m.If(comes):
        m.d.sync += [here.eq(1), stage.eq(0)]
    bench.prove(~comes | ~here)
    bench.prove(~part.valid | (part.place != place) | (here & (stage == part.stage)))
    bench.prove(~part.whole_valid | (part.whole_place != place) | (here & (stage == len(found["firsts"]))))
    ahead = Mux(place >= gone.place, place - gone.place, place + depth - gone.place)
    bench.prove(here == (ahead < found["listed"]))
    for number, first in enumerate(found["firsts"]):
        bench.prove(~here | ((stage > number) == (ahead < _between(gone, first, depth))))
    return bench


def rooms_are_whole(bench: Bench) -> dict[str, Any]:
    """What holds of a reader at any time: which event is copied and sent, and which of its samples.

    Returns:
        Its registers, by name.
    """
    found = _keep_their_order(bench, "events.")
    names = ("front_end", "reading", "copied", "stage", "last_part", "begin", "at", "at_copied", "end", "starts")
    found |= {name: bench.inside(name) for name in (*names, "inside", "next_at", "ending", "events", "o", "read")}
    front_end, events, at, end = (found[name] for name in ("front_end", "events", "at", "end"))
    reading, copied, samples = found["reading"], found["copied"], front_end.samples
    bench.assume(~(found["starts"] & found["last_part"]) | (found["known"] > found["last"]))

    copying = reading | copied
    bench.prove(found["stage"] < len(front_end.parts.ends))
    bench.prove(~copying | (events.valid & (~found["last_part"] | (found["known"] > found["last"]))))
    bench.prove((at < samples) & (found["at_copied"] < samples) & (events.delay < front_end.search))
    begun, done, all_of_it = (_after(found["begin"], place, samples) for place in (at, found["at_copied"], end))
    bench.prove(~reading | (begun <= all_of_it))
    bench.prove(~copied | Mux(reading, begun == done + 1, done == all_of_it))

    next_at, inside, ending, sent = (found[name] for name in ("next_at", "inside", "ending", "o"))
    bench.prove((next_at < samples) & (events.whole_delay < front_end.search))
    bench.prove(~(inside | ending) | events.whole_valid)
    bench.prove(~(inside & ending) & (~ending | sent.valid) & (~sent.valid | inside | ending))
    bench.prove(~inside | (next_at != events.whole_delay))
    bench.prove(~sent.valid | ~found["changes"])
    return found


def _after(begin: Value, place: Value, samples: int) -> Value:
    """How many places of a room lie between one and a later one."""
    return Mux(place >= begin, place - begin, place + samples - begin)


def _copied() -> Bench:
    """Any one sample of the event in any one place is followed to its room."""
    bench = Bench(component("PartReader", "parts"))
    m, found = bench.m, rooms_are_whole(bench)
    front_end, depth, events = (found[name] for name in ("front_end", "depth", "events"))
    samples, parts, gone, firsts = front_end.samples, front_end.parts.ends, found["gone"], found["firsts"]
    place, chosen = bench.constant("place", depth.bit_length()), bench.constant("chosen", samples.bit_length())
    bench.assume((place < depth) & (chosen < samples))
    write, times, comes = bench.inside("write"), Signal(2), Signal()
    m.d.comb += comes.eq(write.en & (write.addr == place * samples + chosen))
    with m.If(found["enters"] & (found["tail"].place == place)):
        m.d.sync += times.eq(0)
    with m.Elif(comes):
        m.d.sync += times.eq(times + 1)

    ahead = Mux(place >= gone.place, place - gone.place, place + depth - gone.place)
    here = ahead < found["listed"]
    stage = sum((ahead < _between(gone, first, depth) for first in firsts), start=Value.cast(0))
    copying = (found["reading"] | found["copied"]) & (events.place == place)
    so_far = _after(found["begin"], Mux(found["copied"], found["at_copied"], found["at"]), samples)
    of_part = copying & (_after(found["begin"], chosen, samples) < so_far)
    at_first = Value.cast(0)
    for number in range(1, len(parts)):
        at_first = Mux(stage == number, chosen < parts[number - 1], at_first)
    whole = here & (stage == len(parts))
    bench.prove(~here | whole | (times == at_first + of_part))
    copied_last = events.leave & found["last_part"] & (events.place == place)
    bench.prove(~copied_last | (times + comes == 1 + (chosen < events.delay)))
    bench.prove(~whole | ((times != 0) & ~comes))
    return bench


def part_properties() -> Iterator[Property]:
    """Of events that cross, and of their snippets."""
    yield Property(
        name="buffer/events/parts",
        component="EventStages",
        says="each event has a place of its own from its crossing until it has been sent, and all go on in the order "
        "in which they came",
        assumes="none goes on that is not there, or whose peak is not known with its last part",
        bench=_listed,
        broken=partial(with_fault, _listed, "rtl.front_end.event_stages", "crossed.valid & ~full &", "crossed.valid &"),
        depth=2,
    )
    yield Property(
        name="buffer/snippets/parts",
        component="PartReader",
        says="an event is sent from a room that has each of its samples, over which no other one is copied",
        assumes=PEAKS_IN_TIME,
        bench=_copied,
        broken=partial(
            with_fault,
            _copied,
            "rtl.front_end.part_reader",
            "events.leave.eq(copied & ~reading)",
            "events.leave.eq(copied)",
        ),
        depth=2,
        found_within=48,
    )
