"""Mistakes that people make, as changes of the generator's source: each makes a chip that the benches must refuse.

A change is applied to one file of ``rtl`` while a chip is emitted, and nothing on the disk is touched.
"""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FunctionType
from unittest.mock import patch

__all__ = ["MISTAKES", "Mistake", "made"]


@dataclass(frozen=True)
class Mistake:
    """A text in a module of the generator, and what stands there by mistake."""

    name: str
    module: str
    right: str
    wrong: str
    stage: str | None = None
    """Where values are the first to differ; None: none of a tap does."""


MISTAKES = (
    Mistake(
        "rounds half to even",
        "rtl.units.requantizer",
        "rounded.eq((kept + 1) >> 1)",
        "rounded.eq((kept + kept[1]) >> 1)",
        "conv",
    ),
    Mistake(
        "does not saturate",
        "rtl.units.requantizer",
        "result.eq(Mux(rounded > high, high, Mux(rounded < low, low, rounded)))",
        "result.eq(rounded)",
        "conv",
    ),
    Mistake(
        "<= for <: the last of equal scores wins",
        "rtl.search.score_lane",
        "(score < self._best[row])",
        "(score <= self._best[row])",
        "vq",
    ),
    Mistake(
        "pools one sample too many",
        "rtl.units.max_pool",
        "last = count == self._size - 1",
        "last = count == self._size",
    ),
    Mistake(
        "lets the last maximum stand",
        "rtl.units.max_pool",
        "(count == 0) | (new > now)",
        "(new > now)",
        "pool0",
    ),
    Mistake(
        "sends the lowest bit first",
        "rtl.packets.bit_packer",
        "self.o.payload.eq(waiting[15:])",
        "self.o.payload.eq(waiting[15:][::-1])",
        "payload",
    ),
    Mistake(
        "keeps samples of the group before in the window",
        "rtl.units.window",
        "value.eq(Mux(inside, slot[n], 0))",
        "value.eq(slot[n])",
        "block0.conv",
    ),
    Mistake(
        "does not wait for who takes a vector",
        "rtl.units.requantizer",
        "self.i.ready.eq(~self.o.valid | self.o.ready)",
        "self.i.ready.eq(1)",
    ),
    Mistake(
        "does not keep what a packet was opened with",
        "rtl.host.packet_settings",
        "self.current.eq(current)",
        "self.current.eq(self.asked)",
    ),
    Mistake(
        "sends partial blocks without a count of what they lack",
        "rtl.packets.packetizer",
        "absent.eq(self.missing)",
        "absent.eq(0)",
    ),
    Mistake(
        "clears no counter",
        "rtl.host.counters",
        "m.d.sync += own.counter[:LOW_BITS].eq(0)",
        "m.d.sync += own.counter[:LOW_BITS].eq(own.counter[:LOW_BITS])",
    ),
    Mistake(
        "takes illegal values",
        "rtl.host.registers",
        "return (self.bus.write_data >= low) & below if low else below",
        "return Const(1)",
    ),
    Mistake(
        "goes on running after a failed check",
        "rtl.host.registers",
        "m.d.sync += [run.eq(0), sticky[0].eq(1)]",
        "m.d.sync += sticky[0].eq(1)",
    ),
    Mistake(
        "vouches for packets that no check has passed",
        "rtl.host.registers",
        "(checked, self.passed & ~self.state[-1])",
        '(checked, self.events[COUNTED.index("packets")])',
    ),
)


@contextmanager
def made(mistake: Mistake) -> Iterator[None]:
    """While this lasts, the generator makes a mistake.

    Raises:
        ValueError: the text is not once in the module.
    """
    module = importlib.import_module(mistake.module)
    source = inspect.getsource(module)
    if source.count(mistake.right) != 1:
        raise ValueError(
            f"{mistake.right!r} stands {source.count(mistake.right)} times in {mistake.module}, must be once; "
            f"say anew what {mistake.name!r} changes"
        )
    altered = {"__name__": mistake.module}
    exec(compile(source.replace(mistake.right, mistake.wrong), mistake.module, "exec"), altered)
    with ExitStack() as stack:
        for name, thing in altered.items():
            if isinstance(thing, FunctionType) and thing.__module__ == mistake.module:
                stack.enter_context(patch.object(module, name, thing))
            elif inspect.isclass(thing) and thing.__module__ == mistake.module:
                for method, function in vars(thing).items():
                    if isinstance(function, FunctionType) and "__class__" not in function.__code__.co_freevars:
                        stack.enter_context(patch.object(getattr(module, name), method, function))
        yield
