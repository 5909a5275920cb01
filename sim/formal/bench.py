"""What stands around a component while something is proved of it: free inputs, assumptions, assertions, the past."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from amaranth.asserts import Initial
from amaranth.back import rtlil
from amaranth.hdl import Assert, Assume, DomainRenamer, Elaboratable, Fragment, Module, ResetSignal, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead

__all__ = ["Bench"]

ONE_CLOCK = {"always_on": "sync", "reading": "sync", "turning": "sync"}
"""Domains whose clocks stop at times; here each has every edge."""


class Bench:
    """A component whose inputs are free, its reset with them, but for what is assumed.

    Nothing is known of any register until the first reset, which the first cycle is. What is asserted holds from the
    second cycle on, and a later reset, at any time, forgets the past.

    Args:
        component: what something is proved of.
        around: what becomes of its registers: some have not every edge.
    """

    def __init__(self, component: Any, around: Callable[[Fragment], Fragment] = lambda fragment: fragment) -> None:
        self.m = Module()
        self.component = component
        self._variables: dict[int, dict[str, Any]] = {}
        with _variables(self._variables):
            fragment = Fragment.get(component, None)
        self.m.submodules.dut = DomainRenamer(ONE_CLOCK)(around(fragment))
        self._ports = [
            Value.cast(value) for _, member, value in component.signature.flatten(component) if member.flow == In
        ]
        self.m.d.comb += Assume(~Initial() | ResetSignal())
        self.seen = Signal()
        """Whether the cycle before this one was none of reset: there is a past."""
        self.m.d.sync += self.seen.eq(1)

    def free(self, name: str, width: int) -> Signal:
        """A value that may be another one in every cycle."""
        signal = Signal(width, name=name)
        self._ports.append(signal)
        return signal

    def free_outputs(self, unit: Any) -> None:
        """What a unit within the component gives, where nothing of it is said, may be another one in every cycle."""
        outputs = (value for _, member, value in unit.signature.flatten(unit) if member.flow == Out)
        self._ports += map(Value.cast, outputs)

    def constant(self, name: str, width: int) -> Signal:
        """A value that may be any, and stays."""
        signal, before = self.free(name, width), Signal(width, reset_less=True)
        self.m.d.sync += before.eq(signal)
        self.m.d.comb += Assume(Initial() | (signal == before))
        return signal

    def past(self, value: Any) -> Value:
        """What it was in the cycle before."""
        now = Value.cast(value)
        before = Signal(now.shape(), reset_less=True)
        self.m.d.sync += before.eq(now)
        return before

    def assume(self, condition: Any) -> None:
        """Only look at what keeps to it."""
        self.m.d.comb += Assume(Value.cast(condition).bool())

    def prove(self, condition: Any) -> None:
        """It holds in every cycle but the very first."""
        self.m.d.comb += Assert(Initial() | Value.cast(condition).bool(), src_loc_at=1)

    def inside(self, path: str) -> Any:
        """A register or wire of the component, by the name of the variable or the attribute that holds it where it is
        elaborated; ``unit.name`` for one of a unit that is held there, ``name.0`` for the first of several.

        Raises:
            AttributeError: nothing has this name: the component's text has changed since the bench was written.
        """
        at = self.component
        for name in path.split("."):
            named = self._variables.get(id(at), {})
            if name.isdigit() and int(name) < len(at):
                at = at[int(name)]
            elif name in named or hasattr(at, name):
                at = named[name] if name in named else getattr(at, name)
            else:
                raise AttributeError(
                    f"{type(self.component).__name__} has no {path!r}: {type(at).__name__} has neither variable nor "
                    f"attribute {name!r}; say in the bench what it is called now"
                )
        return at

    def tables_hold(self) -> None:
        """What a memory gave it gives until it is read again."""
        for name, member in self.component.signature.members.items():
            if member.is_signature and isinstance(member.signature, MemoryRead):
                port = getattr(self.component, name)
                self.assume(~self.seen | self.past(port.en) | (port.data == self.past(port.data)))

    def streams(self, flow: wiring.Flow) -> Iterator[tuple[str, Any]]:
        """Streams of the component that go in, or out."""
        for name, member in self.component.signature.members.items():
            if member.is_signature and isinstance(member.signature, stream.Signature) and member.flow == flow:
                given = getattr(self.component, name)
                if member.dimensions:
                    yield from ((f"{name}[{n}]", each) for n, each in enumerate(given))
                else:
                    yield name, given

    def stays(self, given: Any, ready: Any) -> Value:
        """A stream's contract: what is offered, and not taken, is offered again."""
        payload = Value.cast(given.payload)
        waited = self.seen & self.past(given.valid & ~ready)
        return ~waited | (given.valid & (payload == self.past(payload)))

    def rtlil(self) -> str:
        """The design with all that is assumed and asserted, for Yosys."""
        return str(rtlil.convert(self.m, name="bench", ports=self._ports))


@contextmanager
def _variables(found: dict[int, dict[str, Any]]) -> Iterator[None]:
    """Note the variables of all methods of components, as a debugger sees them: these give registers their names, as
    Amaranth itself gives none to those that are made several at a time."""

    def note(frame: FrameType, event: str, result: Any) -> None:
        owner = frame.f_locals.get("self")
        if event == "return" and isinstance(owner, Elaboratable):
            found.setdefault(id(owner), {}).update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)
