"""The command: what is installed as ``spikecae``, and ``python -m spikecae``; and how a signal ends any command."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ENDING", "INTERRUPTED", "main", "signals_interrupt"]

INTERRUPTED = 128 + signal.SIGINT
"""Exit status, as shells give it to what Ctrl-C ends."""
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a command, and would do so without cleaning up."""


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` at such a signal, as at Ctrl-C, and exit with 128 + its number once that was dealt
    with.

    Main thread only. A signal that is ignored, as ``SIGHUP`` under nohup, still is. Processes that are forked off
    end as they did before, and clean up nothing of their parent's.
    """
    came: int | None = None
    owner = os.getpid()

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if os.getpid() != owner:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        came = number
        raise KeyboardInterrupt

    taken = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
        if came is not None:
            sys.exit(128 + came)


def main() -> None:
    """Run the command line. An interruption while it is being imported ends as quietly as a later one."""
    with signals_interrupt():
        from spikecae.cli import main as run

        run()


if __name__ == "__main__":
    main()
