"""Hardware knobs for tests."""

from spikecae.design import Hardware


def hardware(fold: int = 2, **knobs: object) -> Hardware:
    """Built-in parameters unless asked otherwise: nothing needs loading."""
    return Hardware(**{"fold": fold, "parameters": "rom", **knobs})
