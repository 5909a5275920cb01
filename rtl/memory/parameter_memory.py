"""Parameter memories: built-in constants, or words that are loaded and read back through a bus."""

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.sized import SizedMemory, turned, turns
from rtl.shape.memory_use import BUSY_WORDS

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
    busy: read so often, and most often in order, that a macro costs more than flip-flops. The address is then turned
        round, its lowest bit first: the last of the multiplexers behind the words follow the bit that changes most.

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

    @property
    def in_whole_words(self) -> bool:
        """Whether words are flip-flops, read without a clock and written whole, with what their other lanes hold, so
        that each needs one clock gate."""
        return self.loadable and self.busy and self.lanes > 1 and len(self.words) <= BUSY_WORDS

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A memory of one word would have an address of no bits, which Verilog cannot write down.
        depth = max(2, len(self.words))
        init = [] if self.loadable else [self.words[self._place(number)] for number in range(len(self.words))]
        shape = unsigned(self.stored_width)
        m.submodules.memory = memory = self.backing = SizedMemory(
            shape=shape, depth=depth, init=init, single_port=True, busy=self.busy
        )
        if not self.loadable:
            port = memory.read_port()
            m.d.comb += [
                port.addr.eq(self._turned(self.user.addr)),
                port.en.eq(self.user.en),
                self.user.data.eq(port.data),
            ]
            return m
        address, read = Signal.like(self.bus.addr), Signal()
        m.d.comb += [
            address.eq(self._turned(Mux(self.bus.grant, self.bus.addr, self.user.addr))),
            read.eq(Mux(self.bus.grant, self.bus.read, self.user.en)),
        ]
        if self.in_whole_words:
            self._write_words(m, memory, address, read)
            return m
        port = memory.read_port()
        write = memory.write_port(granularity=None if self.lanes == 1 else BUS_BITS)
        m.d.comb += [
            port.addr.eq(address),
            port.en.eq(read),
            self.user.data.eq(port.data),
            self.bus.read_data.eq(port.data),
            write.addr.eq(address),
            write.en.eq(Mux(self.bus.grant, self.bus.write, 0)),
        ]
        for lane in range(self.lanes):
            m.d.comb += write.data.word_select(lane, min(BUS_BITS, self.stored_width)).eq(self.bus.write_data)
        return m

    def _write_words(self, m: Module, memory: SizedMemory, address: Signal, read: Signal) -> None:
        port, write = memory.read_port(domain="comb"), memory.write_port()
        word = Signal(self.stored_width, reset_less=True)
        m.d.comb += [
            port.addr.eq(address),
            self.user.data.eq(word),
            self.bus.read_data.eq(word),
            write.addr.eq(address),
            write.en.eq(self.bus.grant & self.bus.write.any()),
        ]
        with m.If(read):
            m.d.sync += word.eq(port.data)
        for lane in range(self.lanes):
            kept = Mux(self.bus.grant, port.data.word_select(lane, BUS_BITS), 0)
            new = Mux(self.bus.write[lane], self.bus.write_data, kept)
            m.d.comb += write.data.word_select(lane, BUS_BITS).eq(new)

    def _turned(self, address: Value) -> Value:
        """Of a word, where it lies."""
        return turned(address, len(self.words)) if self.busy else address

    def _place(self, number: int) -> int:
        """The same of a number."""
        bits = (len(self.words) - 1).bit_length()
        return int(f"{number:0{bits}b}"[::-1], 2) if self.busy and turns(len(self.words)) else number


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
