"""Back ends of memories: what an Amaranth memory becomes in Verilog for a layout.

Given as the platform with which Amaranth elaborates, a back end makes every memory of a design. Constant ones are
logic in each: initial values of an array are lost in a standard-cell process.
"""

from collections import Counter
from typing import Any

from amaranth.hdl import Array, Cat, ClockSignal, Const, Instance, Module, Mux, Shape, Signal, Value
from amaranth.lib.memory import Memory

from rtl.memory.kit import Macro, MacroKit, Port
from rtl.memory.macros import Grid, fit
from rtl.memory.sized import use_of
from rtl.shape.memory_use import held_in
from spikecae.design import WITHOUT_MACROS
from spikecae.design.hardware import MacroRows

__all__ = ["Arrays", "FlipFlops", "Macros", "back_end"]


class Arrays:
    """Arrays, for synthesis to infer what it likes."""

    def get_memory(self, memory: Memory) -> Any:
        """Called by Amaranth for each memory."""
        return Memory.elaborate(memory, None) if memory.write_ports else _table(memory)


class FlipFlops:
    """Registers with an enable for each word."""

    def get_memory(self, memory: Memory) -> Any:
        """Called by Amaranth for each memory."""
        return _flip_flops(memory) if memory.write_ports else _table(memory)


class Macros:
    """A process's macros, and registers where :func:`rtl.shape.memory_use.held_in` says so."""

    def __init__(self, kit: MacroKit, rows: MacroRows = "balanced") -> None:
        self._kit, self._rows = kit, rows
        self.used: Counter[Macro] = Counter()
        """Macros of the design, counted as it is elaborated."""

    def get_memory(self, memory: Memory) -> Any:
        """Called by Amaranth for each memory.

        Raises:
            ValueError: no macro serves it.
        """
        use = use_of(memory)
        place = held_in(use, macros=True)
        if place == "logic":
            return _table(memory)
        if place == "flip-flops":
            return _flip_flops(memory)
        grid = fit(self._kit.macros, use, self._rows)
        if grid is None:
            raise ValueError(
                f"no macro of {self._kit.name} serves a memory of {use.words} words of {use.width} bits, with "
                f"{use.ports} ports, {use.write_bits} bits written by themselves; set hardware.memories = 'registers'"
            )
        for row in grid.rows:
            self.used[row.macro] += row.columns
        return _macros(memory, grid)


def back_end(memories: str, kit: MacroKit | None = None, rows: MacroRows = "balanced") -> Arrays | FlipFlops | Macros:
    """The platform for ``hardware.memories``.

    Args:
        memories: ``inferred``, ``registers``, or a process with macros.
        kit: that process's macros.
        rows: which of them, as in ``hardware.macro_rows``.

    Raises:
        ValueError: it is a process, but the kit is missing or another's.
    """
    if memories in WITHOUT_MACROS:
        return FlipFlops() if memories == "registers" else Arrays()
    if kit is None or kit.name != memories:
        given = "none was given" if kit is None else f"those of {kit.name} were given"
        raise ValueError(
            f"hardware.memories = {memories!r} takes that process's macros, but {given}; pass its kit "
            f"(synth.targets.find.macro_kit({memories!r})), or set it to 'inferred' or 'registers'"
        )
    return Macros(kit, rows)


def _table(memory: Memory) -> Module:
    """A case for every word; behind the last one a place reads what it would without its top bit."""
    m = Module()
    (port,) = memory.read_ports
    width = Shape.cast(memory.shape).width
    word, held = Signal(width, name="word"), Signal(width, name="held", reset_less=True)
    wrap, places = 1 << len(port.addr) - 1, range(memory.depth, 1 << len(port.addr))
    with m.Switch(port.addr):
        for number, value in enumerate(memory.data.init):
            with m.Case(number, *({number + wrap} & set(places))):
                m.d.comb += word.eq(Const.cast(Const(value, memory.shape)))
    with m.If(port.en):
        m.d.sync += held.eq(word)
    m.d.comb += Value.cast(port.data).eq(held)
    return m


def _flip_flops(memory: Memory) -> Module:
    m = Module()
    width = Shape.cast(memory.shape).width
    words = [Signal(width, name=f"word{number}", reset_less=True) for number in range(memory.depth)]
    for port in memory.write_ports:
        data, part = Value.cast(port.data), width // len(port.en)
        for number, word in enumerate(words):
            with m.If(port.addr == number):
                for lane in range(len(port.en)):
                    with m.If(port.en[lane]):
                        m.d.sync += word.word_select(lane, part).eq(data.word_select(lane, part))
    for number, port in enumerate(memory.read_ports):
        value = Value.cast(port.data)
        if port.domain == "comb":
            m.d.comb += value.eq(Array(words)[port.addr])
            continue
        held = Signal(width, name=f"read{number}", reset_less=True)
        m.d.comb += value.eq(held)
        with m.If(port.en):
            m.d.sync += held.eq(Array(words)[port.addr])
            for other in port.transparent_for:
                data, part = Value.cast(other.data), width // len(other.en)
                with m.If(other.addr == port.addr):
                    for lane in range(len(other.en)):
                        with m.If(other.en[lane]):
                            m.d.sync += held.word_select(lane, part).eq(data.word_select(lane, part))
    return m


def _macros(memory: Memory, grid: Grid[Macro]) -> Module:
    """One write and one read port, on the first and the last port of the macros: the same one, if there is one."""
    m = Module()
    width = Shape.cast(memory.shape).width
    # Rows with more ports than others leave them alone.
    shared = any(row.macro.ports == 1 for row in grid.rows)
    (write,), (read,) = memory.write_ports, memory.read_ports
    lanes, data = len(write.en), Value.cast(write.data)
    word_bits = max(row.columns * row.macro.width for row in grid.rows)
    written, asked, mask = Signal(word_bits), Signal(), Signal(word_bits)
    last_row = Signal(range(max(2, len(grid.rows))), reset_less=True)
    writes, passes = Signal(), Signal()
    m.d.comb += [
        writes.eq(write.en.any()),
        written.eq(data),
        # A word that is written whole needs no mask: its pins stay as they are.
        mask.eq(Cat(write.en[lane].replicate(width // lanes) for lane in range(lanes)) if lanes > 1 else -1),
        # What a transparent port passes on is not read: no macro says what would come.
        passes.eq(writes & (write.addr == read.addr) if read.transparent_for else 0),
        asked.eq(read.en & ~passes & (~writes if shared else 1)),
    ]
    outputs = []
    for number, (row, begin) in enumerate(zip(grid.rows, grid.begins(), strict=True)):
        macro = row.macro
        write_here, read_here = Signal(name=f"write{number}"), Signal(name=f"read{number}")
        place_in, place_out = (Signal(macro.address_bits, name=f"place_{way}{number}") for way in ("in", "out"))
        word = Signal(word_bits, name=f"word{number}")
        m.d.comb += [
            write_here.eq(writes & _lies_in(write.addr, begin, macro.address_bits)),
            read_here.eq(asked & _lies_in(read.addr, begin, macro.address_bits)),
            place_in.eq(write.addr),
            place_out.eq(read.addr),
            # Words come to the row that they may be for: the pins of others stay as they are.
            word.eq(written & _lies_in(write.addr, begin, macro.address_bits).replicate(word_bits)),
        ]
        with m.If(read_here):
            m.d.sync += last_row.eq(number)
        outputs.append([Signal(macro.width, name=f"out{number}_{column}") for column in range(row.columns)])
        for column, out in enumerate(outputs[-1]):
            bits = slice(column * macro.width, (column + 1) * macro.width)
            entry = word[bits], mask[bits]
            if macro.ports == 1:
                place = Mux(writes, place_in, place_out)[: macro.address_bits]
                pins = _connected(macro.interface[0], write_here, read_here, place, entry, out)
            else:
                nothing = Const(0, macro.width), Const(0, macro.width)
                unread = Signal(macro.width, name=f"unread{number}_{column}")
                pins = _connected(macro.interface[0], write_here, Const(0), place_in, entry, unread)
                pins |= _connected(macro.interface[-1], Const(0), read_here, place_out, nothing, out)
            m.submodules[f"macro{number}_{column}"] = Instance(macro.name, **pins)
    found = Array(Cat(outs)[:width] for outs in outputs)[last_row]
    if not read.transparent_for:
        m.d.comb += Value.cast(read.data).eq(found)
        return m
    passed, held = Signal(), Signal(width, reset_less=True)
    with m.If(read.en):
        m.d.sync += passed.eq(passes)
        with m.If(passes):
            m.d.sync += held.eq(data)
    m.d.comb += Value.cast(read.data).eq(Mux(passed, held, found))
    return m


def _lies_in(address: Value, begin: int, place_bits: int) -> Value:
    """Whether a word is in the row that begins there, with addresses of so many bits inside."""
    return (address >> place_bits) == begin >> place_bits


def _connected(
    port: Port, write: Value, read: Value, place: Value, entry: tuple[Value, Value], out: Signal
) -> dict[str, Value]:
    """A port's pins for Amaranth: accesses, their place, the word with the bits of it to write, and what is read."""
    word, mask = entry
    levels: dict[str, Value] = {
        "clock": ClockSignal(),
        "enable": write | read,
        "write": write,
        "read": read,
        "address": place,
        "data in": word,
    }
    pins: dict[str, Value] = {}
    for pin in port.pins:
        match pin.role:
            case "data out":
                pins[f"o_{pin.name}"] = out
                continue
            case "constant":
                level: Value = Const(pin.value, pin.bits)
            case "mask":
                level = mask[:: len(mask) // pin.bits]
            case _:
                level = levels[pin.role]
        pins[f"i_{pin.name}"] = ~level if pin.active_low else level
    return pins
