"""Parameter memories: built-in constants, or words that are loaded and read back through a bus."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.sized import SizedMemory

__all__ = ["BUS_BITS", "MemoryAccess", "MemoryRead", "ParameterMemory", "WordLoop", "lanes_of"]

BUS_BITS = 32
"""Width of the loading bus: a wider word is loaded lane by lane."""


def lanes_of(width: int) -> int:
    """Bus words in a memory word of ``width`` bits, a power of two."""
    return 1 << (-(-width // BUS_BITS) - 1).bit_length()


class MemoryRead(wiring.Signature):
    """How a unit reads its table.

    Parameters
    ----------
    depth: words of the table.
    width: bits per word.

    Members
    -------
    addr: Out(range(max(2, depth))): word to read.
    en: Out(1): read now; ``data`` holds its value otherwise.
    data: In(unsigned(width)): the word, one cycle after ``en``.
    """

    def __init__(self, depth: int, width: int) -> None:
        super().__init__({"addr": Out(range(max(2, depth))), "en": Out(1), "data": In(unsigned(width))})


class MemoryAccess(wiring.Signature):
    """How a loader reaches one memory.

    Parameters
    ----------
    depth: words of the memory.
    lanes: bus words in one of its words.

    Members
    -------
    grant: Out(1): the memory's port is the loader's; its user must not count on it.
    addr: Out(range(max(2, depth))): word.
    read: Out(1): read it.
    write: Out(lanes): lanes of the word to write.
    write_data: Out(BUS_BITS): what to write into each of these lanes.
    read_data: In(BUS_BITS * lanes): what was read, one cycle after ``read``.
    """

    def __init__(self, depth: int, lanes: int) -> None:
        super().__init__(
            {
                "grant": Out(1),
                "addr": Out(range(max(2, depth))),
                "read": Out(1),
                "write": Out(lanes),
                "write_data": Out(BUS_BITS),
                "read_data": In(BUS_BITS * lanes),
            }
        )


class ParameterMemory(wiring.Component):
    """Words behind a synchronous read port.

    Parameters
    ----------
    words: contents, one non-negative integer per word; a loadable memory takes only their number.
    width: bits per word.
    loadable: whether the words are loaded through ``bus`` instead of built in.
    busy: read so often that a macro costs more than flip-flops.

    Members
    -------
    user: In(MemoryRead(len(words), width)): the unit's side.
    bus: In(MemoryAccess(len(words), lanes)): the loader's side (only of a loadable memory).

    Raises
    ------
    ValueError: no words, or a word that does not fit.

    Cycles
    ------
    Latency: 1 cycle.
    Throughput: a read a cycle.
    """

    def __init__(self, words: list[int], width: int, *, loadable: bool = False, busy: bool = False) -> None:
        if not words:
            raise ValueError("a memory needs at least one word, got none")
        if not all(0 <= word < 1 << width for word in words):
            raise ValueError(f"a word does not fit in {width} bits")
        self.words = words
        self.width = width
        self.loadable = loadable
        self.busy = busy
        members: dict[str, object] = {"user": In(MemoryRead(len(words), width))}
        if loadable:
            members["bus"] = In(MemoryAccess(len(words), self.lanes))
        super().__init__(members)

    @property
    def lanes(self) -> int:
        """Bus words in a memory word."""
        return lanes_of(self.width)

    @property
    def stored_width(self) -> int:
        """Bits a word takes: whole lanes where a word has several."""
        return self.width if self.lanes == 1 or not self.loadable else self.lanes * BUS_BITS

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A memory of one word would have an address of no bits, which Verilog cannot write down.
        depth = max(2, len(self.words))
        init = [] if self.loadable else self.words
        shape = unsigned(self.stored_width)
        m.submodules.memory = memory = self.backing = SizedMemory(
            shape=shape, depth=depth, init=init, single_port=True, busy=self.busy
        )
        port = memory.read_port()
        m.d.comb += self.user.data.eq(port.data)
        if not self.loadable:
            m.d.comb += [port.addr.eq(self.user.addr), port.en.eq(self.user.en)]
            return m
        granularity = None if self.lanes == 1 else BUS_BITS
        write = memory.write_port(granularity=granularity)
        m.d.comb += [
            port.addr.eq(Mux(self.bus.grant, self.bus.addr, self.user.addr)),
            port.en.eq(Mux(self.bus.grant, self.bus.read, self.user.en)),
            self.bus.read_data.eq(port.data),
            write.addr.eq(self.bus.addr),
            write.en.eq(Mux(self.bus.grant, self.bus.write, 0)),
        ]
        for lane in range(self.lanes):
            m.d.comb += write.data.word_select(lane, min(BUS_BITS, self.stored_width)).eq(self.bus.write_data)
        return m


class WordLoop(wiring.Component):
    """All words of a memory in order, over and over, one a cycle.

    Parameters
    ----------
    depth: words of the memory.
    width: bits per word.

    Members
    -------
    memory: Out(MemoryRead(depth, width)): the memory.
    o: Out(stream of unsigned(width)): the words. The first is valid two cycles after reset; then one a cycle while
        ``o.ready``.

    Cycles
    ------
    Latency: 2 cycles from reset to the first word.
    Throughput: a word a cycle.
    """

    def __init__(self, depth: int, width: int) -> None:
        self._depth = depth
        super().__init__({"memory": Out(MemoryRead(depth, width)), "o": Out(stream.Signature(unsigned(width)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        address = Signal(range(max(2, self._depth)))
        m.d.comb += [
            self.memory.addr.eq(address),
            self.memory.en.eq(~self.o.valid | self.o.ready),
            self.o.payload.eq(self.memory.data),
        ]
        with m.If(self.memory.en):
            m.d.sync += [self.o.valid.eq(1), address.eq(address + 1)]
            with m.If(address == self._depth - 1):
                m.d.sync += address.eq(0)
        return m
