"""Back ends of memories: what an Amaranth memory becomes in Verilog for a layout.

Given as the platform with which Amaranth elaborates, a back end makes every memory of a design. Without one a memory
is an array, for synthesis to infer what it likes.
"""

from collections import Counter
from typing import Any

from amaranth.hdl import Array, Cat, ClockSignal, Const, Instance, Module, Mux, Shape, Signal, Value
from amaranth.lib.memory import Memory

from rtl.memory.macros import IHP_SG13G2, Grid, IhpMacro, fit
from rtl.memory.sized import use_of
from rtl.shape.memory_use import held_in
from spikecae.design import MemoryBackEnd

__all__ = ["FlipFlops", "IhpMacros", "back_end"]


class FlipFlops:
    """Registers with an enable for each word; constant memories stay tables."""

    def get_memory(self, memory: Memory) -> Any:
        """Called by Amaranth for each memory."""
        return _flip_flops(memory) if memory.write_ports else Memory.elaborate(memory, None)


class IhpMacros:
    """Macros of IHP SG13G2, registers where :func:`rtl.shape.memory_use.held_in` says so, and constant tables."""

    def __init__(self) -> None:
        self.used: Counter[IhpMacro] = Counter()
        """Macros of the design, counted as it is elaborated."""

    def get_memory(self, memory: Memory) -> Any:
        """Called by Amaranth for each memory.

        Raises:
            ValueError: no macro serves it.
        """
        use = use_of(memory)
        place = held_in(use, macros=True)
        if place == "logic":
            return Memory.elaborate(memory, None)
        if place == "flip-flops":
            return _flip_flops(memory)
        grid = fit(IHP_SG13G2, use)
        if grid is None:
            raise ValueError(
                f"no macro has {use.ports} ports, for a memory of {use.words} words of {use.width} bits; "
                'set hardware.memories = "registers"'
            )
        self.used[grid.macro] += grid.count
        return _macros(memory, grid, shared=use.ports == 1)


def back_end(name: MemoryBackEnd) -> FlipFlops | IhpMacros | None:
    """The platform of that name; None leaves memories arrays."""
    match name:
        case "registers":
            return FlipFlops()
        case "ihp-sg13g2":
            return IhpMacros()
        case _:
            return None


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


def _macros(memory: Memory, grid: Grid[IhpMacro], *, shared: bool) -> Module:
    """One write and one read port, on ports A and B of the macros, or both on A."""
    m = Module()
    macro, width = grid.macro, Shape.cast(memory.shape).width
    (write,), (read,) = memory.write_ports, memory.read_ports
    lanes, data = len(write.en), Value.cast(write.data)
    place_bits, word_bits = (macro.words - 1).bit_length(), grid.columns * macro.width
    row_type = range(max(2, grid.rows))
    written, asked, mask = Signal(word_bits), Signal(), Signal(word_bits)
    write_row, read_row, last_row = Signal(row_type), Signal(row_type), Signal(row_type, reset_less=True)
    place_in, place_out = Signal(place_bits), Signal(place_bits)
    writes, passes = Signal(), Signal()
    m.d.comb += [
        writes.eq(write.en.any()),
        written.eq(data),
        mask.eq(Cat(write.en[lane].replicate(width // lanes) for lane in range(lanes))),
        place_in.eq(write.addr),
        place_out.eq(read.addr),
        write_row.eq(write.addr >> place_bits),
        read_row.eq(read.addr >> place_bits),
        # What a transparent port passes on is not read: no macro says what would come.
        passes.eq(writes & (write.addr == read.addr) if read.transparent_for else 0),
        asked.eq(read.en & ~passes & (~writes if shared else 1)),
    ]
    with m.If(asked):
        m.d.sync += last_row.eq(read_row)
    outputs = [[Signal(macro.width, name=f"out{row}_{column}") for column in range(grid.columns)] for row in row_type]
    for row in range(grid.rows):
        write_here, read_here = Signal(name=f"write{row}"), Signal(name=f"read{row}")
        m.d.comb += [write_here.eq(writes & (write_row == row)), read_here.eq(asked & (read_row == row))]
        for column in range(grid.columns):
            bits = slice(column * macro.width, (column + 1) * macro.width)
            entry: dict[str, Value] = {"DIN": written[bits], "BM": mask[bits]}
            nothing: dict[str, Value] = {"DIN": Const(0, macro.width), "BM": Const(0, macro.width)}
            out = outputs[row][column]
            if shared:
                place = Mux(writes, place_in, place_out)[:place_bits]
                pins = _port("A", macro, write_here, read_here, place, entry, out)
            else:
                unread = Signal(macro.width, name=f"unread{row}_{column}")
                pins = _port("A", macro, write_here, Const(0), place_in, entry, unread)
                pins |= _port("B", macro, Const(0), read_here, place_out, nothing, out)
            m.submodules[f"macro{row}_{column}"] = Instance(macro.name, **pins)
    found = Array(Cat(row)[:width] for row in outputs)[last_row]
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


def _port(
    port: str, macro: IhpMacro, write: Value, read: Value, place: Value, entry: dict[str, Value], out: Signal
) -> dict[str, Value]:
    """Pins of a port. The delay's pin is high, as the kit's manual recommends; the self-test is off."""
    self_test = {f"BIST_{pin}": Const(0) for pin in ("EN", "CLK", "MEN", "WEN", "REN")}
    self_test |= {"BIST_ADDR": Const(0, len(place)), "BIST_DIN": Const(0, macro.width)}
    self_test |= {"BIST_BM": Const(0, macro.width)}
    pins = {"CLK": ClockSignal(), "MEN": write | read, "WEN": write, "REN": read, "ADDR": place, "DLY": Const(1)}
    pins |= {"DIN": entry["DIN"]}
    if macro.bit_write:
        pins |= {"BM": entry["BM"], **self_test}
    return {f"i_{port}_{pin}": value for pin, value in pins.items()} | {f"o_{port}_DOUT": out}
