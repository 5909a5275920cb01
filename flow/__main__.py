"""``python -m flow``."""

import sys

from spikecae.__main__ import INTERRUPTED, signals_interrupt

with signals_interrupt():
    try:
        from flow.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
