"""Interrupts that are not lost: libraries drop what is raised in their callbacks, a ``KeyboardInterrupt`` too."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from spikecae.__main__ import ENDING

__all__ = ["kept_interrupts"]


@contextmanager
def kept_interrupts() -> Iterator[Callable[[], None]]:
    """Raise ``KeyboardInterrupt`` as always, and remember that; main thread only. Where interrupts are ignored, as in a
    job in the background, they still are. Signals that end a command are interrupts too, where they raise it.

    Yields:
        A function that raises it once more, if there was one: for a loop that is still there.
    """
    came = False

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING)}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        handlers[number](number, frame)

    for number in handlers:
        signal.signal(number, interrupt)
    try:
        yield check
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
