"""The netlist that the synth stage left."""

import gzip
import hashlib
import json
from pathlib import Path

from synth.cells.liberty import Library
from synth.files import NETLIST
from synth.gates.netlist import Netlist, read_netlist

__all__ = ["netlist_hash", "read_netlist_file"]


def read_netlist_file(synth_dir: Path, top: str, library: Library) -> Netlist:
    """Flatten it; arguments as for :func:`synth.gates.netlist.read_netlist`.

    Raises:
        ValueError: there is none, or one that cannot be simulated.
    """
    with gzip.open(_path(synth_dir), "rt", encoding="utf-8") as file:
        return read_netlist(json.load(file)["modules"], top, library)


def netlist_hash(synth_dir: Path) -> str:
    """SHA-256 of it, in hex.

    Raises:
        ValueError: there is none.
    """
    return hashlib.sha256(_path(synth_dir).read_bytes()).hexdigest()


def _path(synth_dir: Path) -> Path:
    path = synth_dir / NETLIST
    if not path.is_file():
        raise ValueError(f"no netlist {path}; run the synth stage to make it")
    return path
