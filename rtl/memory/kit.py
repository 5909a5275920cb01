"""What the generator needs of a process that has memory macros: plain data, written down in the process's own file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Access", "Macro", "MacroFiles", "MacroKit", "Pin", "Port", "Role"]

Role = Literal["clock", "enable", "write", "read", "address", "data in", "mask", "data out", "constant"]
"""What a pin is for. ``clock``: everything is done at its rising edge. ``enable`` is on for every access, ``write`` and
``read`` for those of one kind; a port without one of them does it in every other access, or in all. ``mask`` is on for
the bits, or equal parts, of a word to write. A ``constant`` is tied."""

Access = Literal["write", "read"]


@dataclass(frozen=True)
class Pin:
    """A pin, or a bus of ``bits`` pins; ``active_low``: on when low. ``value`` is a constant's."""

    name: str
    role: Role
    bits: int = 1
    active_low: bool = False
    value: int = 0


@dataclass(frozen=True)
class Port:
    """A side of a macro, by which one access comes in a cycle: its pins, in the order of the macro's Verilog."""

    pins: tuple[Pin, ...]

    def pin(self, role: Role) -> Pin | None:
        """The pin of a role; None where there is none."""
        return next((pin for pin in self.pins if pin.role == role), None)

    def pins_for(self, access: Access) -> Iterator[tuple[Pin, bool]]:
        """Pins that say that there is an access of that kind, each with whether it must be on."""
        other: Access = "read" if access == "write" else "write"
        own = self.pin(access)
        for pin in (self.pin("enable"), own):
            if pin is not None:
                yield pin, True
        if own is None and (against := self.pin(other)) is not None:
            yield against, False


@dataclass(frozen=True)
class MacroFiles:
    """What a process kit has of a macro; paths are relative to the kit's folder."""

    gds: str
    lef: str
    liberty: str
    """At the process's usual corner."""
    verilog: str
    needs: tuple[str, ...] = ()
    """More Verilog, which that is made of."""


@dataclass(frozen=True)
class Macro:
    """A memory macro: the first port writes, the last one reads; in a macro with one port, it does both.

    What is read comes behind the clock edge, and stays until the next read.

    Raises:
        ValueError: pins do not make such a macro.
    """

    name: str
    words: int
    """A power of two."""
    width: int
    area_um2: float
    access_pj: float
    """Of a write and a read, their mean."""
    data_pj: float
    """Of a word that comes to the data pins, half of whose bits change, whether or not it is written."""
    interface: tuple[Port, ...]
    files: MacroFiles

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise ValueError(f"macro {self.name}: {fault}")

    def _faults(self) -> Iterator[str]:
        if self.words < 2 or self.words & (self.words - 1):
            yield f"{self.words} words, must be a power of two, 2 or more"
        if self.ports not in (1, 2):
            yield f"{self.ports} ports, must be 1 or 2"
            return
        first, last = self.interface[0], self.interface[-1]
        needed: list[tuple[Port, Role]] = [(first, "data in"), (last, "data out")]
        for port in self.interface:
            needed += [(port, "clock"), (port, "address")]
            roles = [pin.role for pin in port.pins if pin.role != "constant"]
            for double in sorted({role for role in roles if roles.count(role) > 1}):
                yield f"a port has several pins for {double!r}; tie all but one"
        for port, role in needed:
            if port.pin(role) is None:
                yield f"a port has no pin for {role!r}; give it one, or leave the macro out"
        accesses: list[tuple[Port, Access]] = [(first, "write"), (last, "read")]
        for port, access in accesses:
            if not any(on for _, on in port.pins_for(access)) or (self.ports == 1 and port.pin("write") is None):
                yield f"no pin says when to {access}; give the port one for 'enable' or {access!r}"
        widths: dict[Role, int] = {"address": self.address_bits, "data in": self.width, "data out": self.width}
        for pin in (pin for port in self.interface for pin in port.pins if pin.role != "constant"):
            if pin.role == "mask" and (pin.bits < 2 or self.width % pin.bits):
                yield f"mask {pin.name} has {pin.bits} bits, must be 2 or more and divide the {self.width} of a word"
            elif pin.role != "mask" and pin.bits != widths.get(pin.role, 1):
                yield f"pin {pin.name} has {pin.bits} bits, must have {widths.get(pin.role, 1)}"

    @property
    def ports(self) -> int:
        """Number of ports."""
        return len(self.interface)

    @property
    def address_bits(self) -> int:
        """Width of an address."""
        return (self.words - 1).bit_length()

    @property
    def write_bits(self) -> int:
        """Fewest bits of a word that are written by themselves."""
        mask = self.interface[0].pin("mask")
        return self.width if mask is None else self.width // mask.bits


@dataclass(frozen=True)
class MacroKit:
    """The macros of a process."""

    name: str
    """The process, as ``hardware.memories`` names it."""
    folder: str
    """Of the process kit, in ``$PDK_ROOT``; LibreLane knows the kit by that name."""
    corner: str
    """LibreLane's pattern for the corner of the liberty files."""
    macros: tuple[Macro, ...]

    def verilog(self, macros: Iterable[Macro]) -> list[str]:
        """The kit's own models of some macros, relative to ``$PDK_ROOT``; what they are made of comes first."""
        files = [macro.files for macro in sorted(macros, key=lambda macro: macro.name)]
        needed = sorted({path for file in files for path in file.needs})
        return [f"{self.folder}/{path}" for path in (*needed, *(file.verilog for file in files))]
