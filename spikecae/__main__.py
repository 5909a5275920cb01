"""The command: what is installed as ``spikecae``, and ``python -m spikecae``."""

import sys

__all__ = ["main"]

INTERRUPTED = 130
"""Exit status, as shells give it to what Ctrl-C ends."""


def main() -> None:
    """Run the command line. An interruption while it is being imported ends as quietly as a later one."""
    try:
        from spikecae.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
