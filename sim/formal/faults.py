"""Components with a fault: a line of a module read as another one."""

import inspect
import sys
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType

from sim.formal.bench import Bench

__all__ = ["with_fault"]


def with_fault(bench: Callable[[], Bench], module: str, line: str, instead: str) -> Bench:
    """A bench made while a part of a module's text is another one.

    Raises:
        ValueError: the text is not there once.
    """
    sound = sys.modules[module]
    text = inspect.getsource(sound)
    if text.count(line) != 1:
        raise ValueError(
            f"{line!r} is {text.count(line)} times in {module}, not once; name what the fault is to change"
        )
    faulty = ModuleType(module)
    exec(compile(text.replace(line, instead), module, "exec"), vars(faulty))
    pairs = list(_functions(sound, faulty))
    codes = [function.__code__ for function, _ in pairs]
    try:
        for function, other in pairs:
            function.__code__ = other.__code__
        return bench()
    finally:
        for (function, _), code in zip(pairs, codes, strict=True):
            function.__code__ = code


def _functions(sound: ModuleType, faulty: ModuleType) -> Iterator[tuple[FunctionType, FunctionType]]:
    """Functions and methods that a module defines, each with the one of the same name."""
    for name, value in vars(sound).items():
        if getattr(value, "__module__", "") != sound.__name__:
            continue
        if isinstance(value, FunctionType):
            yield value, getattr(faulty, name)
        elif inspect.isclass(value):
            for method, function in vars(value).items():
                if isinstance(function, FunctionType):
                    yield function, vars(getattr(faulty, name))[method]
