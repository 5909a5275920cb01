"""Verilog models of memory macros, so that what instantiates them simulates without a process kit.

They are written here, from the pins and the rules of the kit's macros, and are no substitute for its own models.
"""

from collections.abc import Iterable

from rtl.memory.kit import Access, Macro, Pin, Port, Role

__all__ = ["macro_models"]


def macro_models(macros: Iterable[Macro]) -> str:
    """Modules of the macros, Verilog-2005.

    A port that is enabled reads or writes at its rising edge, and keeps what it has read; if it does both, it reads
    what it writes. What a port reads while the other one writes the same word, no manual says: the model gives the
    word with all bits inverted, so that a user who relies on it is found out. Constant pins do nothing.
    """
    return "\n".join(_model(macro) for macro in sorted(macros, key=lambda macro: macro.name))


def _model(macro: Macro) -> str:
    body = []
    for port in macro.interface:
        body += _write(port, macro) if port.pin("data in") else []
        body += _read(port, macro) if port.pin("data out") else []
    pins = [_declared(pin) for port in macro.interface for pin in port.pins]
    word = f"[{macro.width - 1}:0] "
    lines = [f"module {macro.name}(", ",\n".join(pins), ");", f"  reg {word}memory [0:{macro.words - 1}];"]
    return "\n".join([*lines, *body, "endmodule", ""])


def _declared(pin: Pin) -> str:
    bits = f"[{pin.bits - 1}:0] " if pin.bits > 1 else ""
    return f"  {'output reg' if pin.role == 'data out' else 'input'} {bits}{pin.name}"


def _write(port: Port, macro: Macro) -> list[str]:
    return [_edge(port), f"    if ({_asked(port, 'write')}) {_stored(port)} <= {_new(port, macro)};"]


def _read(port: Port, macro: Macro) -> list[str]:
    read = _stored(port)
    for other in macro.interface:
        if other is not port and other.pin("data in"):
            clash = f"{_asked(other, 'write')} && {_name(other, 'address')} == {_name(port, 'address')}"
            read = f"{clash} ? ~{_stored(port)} : {read}"
    write = port.pin("write")
    if write and port.pin("read") and port.pin("data in"):
        read = f"{_level(write, on=True)} ? {_new(port, macro)} : {read}"
    return [_edge(port), f"    if ({_asked(port, 'read')}) {_name(port, 'data out')} <= {read};"]


def _edge(port: Port) -> str:
    return f"  always @(posedge {_name(port, 'clock')})"


def _asked(port: Port, access: Access) -> str:
    return " && ".join(_level(pin, on=on) for pin, on in port.pins_for(access))


def _level(pin: Pin, *, on: bool) -> str:
    return pin.name if on != pin.active_low else f"!{pin.name}"


def _stored(port: Port) -> str:
    return f"memory[{_name(port, 'address')}]"


def _new(port: Port, macro: Macro) -> str:
    """The word after a write."""
    data, mask = _name(port, "data in"), port.pin("mask")
    if mask is None:
        return data
    each = macro.width // mask.bits
    bits = mask.name
    if each > 1:
        bits = "{" + ", ".join(f"{{{each}{{{mask.name}[{n}]}}}}" for n in reversed(range(mask.bits))) + "}"
    bits = f"~{bits}" if mask.active_low else bits
    return f"({_stored(port)} & ~{bits}) | ({data} & {bits})"


def _name(port: Port, role: Role) -> str:
    (name,) = (pin.name for pin in port.pins if pin.role == role)
    return name
