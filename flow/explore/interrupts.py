"""Interrupts that are not lost: libraries drop what is raised in their callbacks, a ``KeyboardInterrupt`` too."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["kept_interrupts"]


@contextmanager
def kept_interrupts() -> Iterator[Callable[[], None]]:
    """Raise ``KeyboardInterrupt`` as always, and remember that; main thread only. Where interrupts are ignored, as in a
    job in the background, they still are.

    Yields:
        A function that raises it once more, if there was one: for a loop that is still there.
    """
    came = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        raise KeyboardInterrupt

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        yield check
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
