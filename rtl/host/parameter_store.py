"""All parameter memories of an encoder, and the address map through which they are loaded."""

from collections.abc import Collection
from dataclasses import dataclass

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import BUS_BITS, MemoryRead, ParameterMemory, lanes_of
from rtl.shape.images import Image

__all__ = ["ParameterBus", "ParameterStore", "Region", "address_bits", "lay_out"]


class ParameterBus(wiring.Signature):
    """Loader's view: one address space of 32-bit words.

    Parameters
    ----------
    addr_bits: width of a word address.

    Members
    -------
    grant: Out(1): take all memories' ports.
    addr: Out(addr_bits): 32-bit word.
    read: Out(1): read it.
    write: Out(1): write ``write_data``.
    write_data: Out(BUS_BITS): what to write.
    read_data: In(BUS_BITS): what was read, one cycle after ``read``.
    absent: In(1): no memory has a word at ``addr``, where nothing may be written, and nothing read counts.
    """

    def __init__(self, addr_bits: int) -> None:
        super().__init__(
            {
                "grant": Out(1),
                "addr": Out(addr_bits),
                "read": Out(1),
                "write": Out(1),
                "write_data": Out(BUS_BITS),
                "read_data": In(BUS_BITS),
                "absent": In(1),
            }
        )


@dataclass(frozen=True)
class Region:
    """Where a memory lies: word w, lane l is 32-bit word ``base + w * lanes + l``."""

    name: str
    base: int
    words: int
    lanes: int

    @property
    def size(self) -> int:
        """Address range, a power of two."""
        return 1 << (self.words * self.lanes - 1).bit_length()


def lay_out(images: dict[str, Image]) -> list[Region]:
    """The address map, largest memories first so that every base is a multiple of its size."""
    sizes = [Region(name, 0, len(image.words), lanes_of(image.width)) for name, image in images.items()]
    base, placed = 0, []
    for region in sorted(sizes, key=lambda r: (-r.size, r.name)):
        placed.append(Region(region.name, base, region.words, region.lanes))
        base += region.size
    return placed


def address_bits(regions: list[Region]) -> int:
    """Width of a 32-bit word address."""
    return (regions[-1].base + regions[-1].size - 1).bit_length()


class ParameterStore(wiring.Component):
    """One memory per image.

    Parameters
    ----------
    images: contents by name.
    loadable: whether they are loaded through ``bus`` instead of built in.
    busy: names of those that are read for every spike.

    Members
    -------
    <name>: In(MemoryRead(len(images[name].words), images[name].width)): read port of that memory.
    bus: In(ParameterBus(addr_bits)): the loader (only if loadable).

    Cycles
    ------
    Latency: 1 cycle, for units and loader.
    Throughput: a read a cycle of each memory, or one of the loader's.
    """

    def __init__(self, images: dict[str, Image], *, loadable: bool, busy: Collection[str] = ()) -> None:
        self.memories = {
            name: ParameterMemory(image.words, image.width, loadable=loadable, busy=name in busy)
            for name, image in images.items()
        }
        self._loadable = loadable
        self.regions = lay_out(images)
        self.addr_bits = address_bits(self.regions)
        """Width of a word address on ``bus``."""
        members: dict[str, object] = {
            name: In(MemoryRead(len(image.words), image.width)) for name, image in images.items()
        }
        if loadable:
            members["bus"] = In(ParameterBus(self.addr_bits))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, memory in self.memories.items():
            m.submodules[name] = memory
            wiring.connect(m, wiring.flipped(getattr(self, name)), memory.user)
        if not self._loadable:
            return m
        bus, regions = self.bus, self.regions
        hits, answers, present = [], [], Signal()
        for region in regions:
            memory = self.memories[region.name]
            lane_bits = memory.lanes.bit_length() - 1
            place_bits = (region.size - 1).bit_length()
            words = region.words * region.lanes
            hit = Signal(name=f"{region.name}_hit")
            lane = Signal(range(max(2, memory.lanes)), name=f"{region.name}_lane")
            m.d.comb += [
                hit.eq(bus.addr[place_bits:] == region.base >> place_bits),
                memory.bus.grant.eq(bus.grant),
                memory.bus.addr.eq(bus.addr[lane_bits:place_bits]),
                memory.bus.read.eq(bus.read & hit),
                memory.bus.write.eq((bus.write & hit) << bus.addr[:lane_bits]),
                memory.bus.write_data.eq(bus.write_data),
            ]
            with m.If(bus.read):
                m.d.sync += lane.eq(bus.addr[:lane_bits])
            with m.If(hit & (bus.addr[:place_bits] < words if words < region.size else 1)):
                m.d.comb += present.eq(1)
            hits.append(hit)
            answers.append(memory.bus.read_data.word_select(lane, BUS_BITS))
        chosen = Signal(range(max(2, len(regions))))
        with m.If(bus.read):
            for number, hit in enumerate(hits):
                with m.If(hit):
                    m.d.sync += chosen.eq(number)
        m.d.comb += [bus.read_data.eq(Array(answers)[chosen]), bus.absent.eq(~present)]
        return m
