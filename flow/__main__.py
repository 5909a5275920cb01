"""``python -m flow``."""

from spikecae.__main__ import signals_interrupt

with signals_interrupt():
    from flow.cli import main

    main()
