"""Integers: the encoder spec, its golden model, bitstream and host codec. Never PyTorch, never Amaranth."""

import importlib
from typing import Any

__all__ = ["__version__"]

__version__ = "0.1.0"

RECORDINGS = {
    "add_to_nwb": "spikecae.exchange.nwb",
    "compress": "spikecae.recordings.compress",
    "evaluate": "spikecae.evaluation.evaluate",
    "export_to_nwb": "spikecae.exchange.nwb",
    "export_to_phy": "spikecae.exchange.phy",
    "open_snippets": "spikecae.exchange.snippets",
    "read_scae": "spikecae.recordings.read",
    "save_snippets": "spikecae.exchange.snippets",
}
"""Functions of the package itself that take the extra ``spikeinterface``, each with the module that has it."""


def __getattr__(name: str) -> Any:
    """A function of ``RECORDINGS``, imported when it is first asked for: all else works without SpikeInterface."""
    if name not in RECORDINGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(RECORDINGS[name]), name)
