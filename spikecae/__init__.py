"""Integers: the encoder spec, its golden model, bitstream and host codec. Never PyTorch, never Amaranth."""

import importlib
from typing import Any

__all__ = ["__version__", "lacking"]

__version__ = "0.1.0"

RECORDINGS = {
    "add_to_nwb": "spikecae.exchange.nwb",
    "compress": "spikecae.recordings.compress",
    "compress_nwb": "spikecae.exchange.nwb_in",
    "evaluate": "spikecae.evaluation.evaluate",
    "export_to_nwb": "spikecae.exchange.nwb",
    "export_to_phy": "spikecae.exchange.phy",
    "open_snippets": "spikecae.exchange.snippets",
    "read_scae": "spikecae.recordings.read",
    "save_snippets": "spikecae.exchange.snippets",
}
"""Functions of the package itself that take an extra, each with the module that has it."""

EXTRAS = {
    "decoder": ("onnxruntime",),
    "fast": ("numba",),
    "spikeinterface": ("spikeinterface", "probeinterface", "scipy"),
    "zarr": ("zarr", "numcodecs"),
    "nwb": ("pynwb", "hdmf", "h5py"),
    "sorting": ("pandas", "sklearn", "hdbscan"),
}
"""Each with the modules that it is installed for."""


def lacking(module: str) -> str:
    """What to say where ``module`` cannot be imported."""
    package = module.split(".")[0]
    needed = next((f"'spikecae[{extra}]'" for extra, of_extra in EXTRAS.items() if package in of_extra), package)
    return f"the Python package {package!r} is missing; install it with: pip install {needed}"


def __getattr__(name: str) -> Any:
    """A function of ``RECORDINGS``, imported when it is first asked for: all else works without the extras.

    Raises:
        ModuleNotFoundError: the extra that it takes is not installed; the message says which.
    """
    if name not in RECORDINGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(RECORDINGS[name]), name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"spikecae.{name}: {lacking(str(error.name))}", name=error.name) from None
