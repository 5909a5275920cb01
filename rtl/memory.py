"""A read-only memory as an endless stream of its words."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["Rom", "WordLoop"]


class Rom(wiring.Component):
    """Constants behind a synchronous read port.

    Parameters
    ----------
    words: contents, one non-negative integer per word.
    width: bits per word.

    Members
    -------
    addr: word to read.
    en: read now; ``data`` holds its value otherwise.
    data: the word, one cycle after ``en``.

    Raises
    ------
    ValueError: no words, or a word that does not fit.
    """

    def __init__(self, words: list[int], width: int) -> None:
        if not words:
            raise ValueError("a memory needs at least one word, got none")
        if not all(0 <= word < 1 << width for word in words):
            raise ValueError(f"a word does not fit in {width} bits")
        self.words = words
        self.width = width
        super().__init__(
            {"addr": In(range(max(2, len(words)))), "en": In(1), "data": Out(unsigned(width))},
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A memory of one word would have an address of no bits, which Verilog cannot write down.
        depth = max(2, len(self.words))
        m.submodules.memory = memory = Memory(shape=unsigned(self.width), depth=depth, init=self.words)
        port = memory.read_port()
        m.d.comb += [port.addr.eq(self.addr), port.en.eq(self.en), self.data.eq(port.data)]
        return m


class WordLoop(wiring.Component):
    """All words of a memory in order, over and over, one a cycle.

    Parameters
    ----------
    words, width: as for :class:`Rom`.

    Members
    -------
    o: the words. The first is valid two cycles after reset; then one a cycle while ``o.ready``.
    """

    def __init__(self, words: list[int], width: int) -> None:
        self._rom = Rom(words, width)
        super().__init__({"o": Out(stream.Signature(unsigned(width)))})

    @property
    def rom(self) -> Rom:
        """The memory."""
        return self._rom

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rom = rom = self._rom
        depth = len(rom.words)
        address = Signal(range(max(2, depth)))
        m.d.comb += [
            rom.addr.eq(address),
            rom.en.eq(~self.o.valid | self.o.ready),
            self.o.payload.eq(rom.data),
        ]
        with m.If(rom.en):
            m.d.sync += [self.o.valid.eq(1), address.eq(address + 1)]
            with m.If(address == depth - 1):
                m.d.sync += address.eq(0)
        return m
