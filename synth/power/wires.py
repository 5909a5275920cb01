"""What a net's wire adds to its load: what a placement says, or an allowance for every pin."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikecae.records import read_record
from synth.files import PLACE_REPORT, PLACED_CLOCK, PLACED_NETS
from synth.gates.netlist import Netlist
from synth.gates.netlist_file import netlist_hash
from synth.place.clock_tree import ClockTree, load_tree
from synth.place.place_report import PlaceReport

__all__ = ["WIRE_PF", "PlacedWires", "placed_wires"]

WIRE_PF = 0.005
"""Capacitance of the wire to one pin where nothing is placed: about 30 µm at 0.17 fF/µm."""


@dataclass(frozen=True)
class PlacedWires:
    """A placement's report, (nets,) capacitance of each net's wire in pF, 0 of clocks, and the clock's tree."""

    report: PlaceReport
    wires_pf: NDArray[np.float64]
    tree: ClockTree


def placed_wires(place_dir: Path, synth_dir: Path, netlist: Netlist) -> PlacedWires:
    """Read what the place stage left of a netlist.

    Args:
        place_dir: what it left.
        synth_dir: the netlist's.
        netlist: the same, read.

    Raises:
        ValueError: there is no placement, or it is another netlist's.
    """
    remedy = "run the place stage to make it"
    report = read_record(place_dir / PLACE_REPORT, PlaceReport, "report of a placement", remedy)
    try:
        lengths = np.load(place_dir / PLACED_NETS, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no wires in {place_dir / PLACED_NETS}; {remedy}") from error
    tree = load_tree(place_dir / PLACED_CLOCK)
    if report.netlist_sha256 != netlist_hash(synth_dir) or not lengths.shape == tree.wire_um.shape == (netlist.nets,):
        raise ValueError(f"{place_dir} is of another netlist than {synth_dir}; run the place stage anew")
    ff_per_um = report.wires.ff_per_um.value
    return PlacedWires(report, np.where(netlist.is_clock, 0.0, lengths) * ff_per_um / 1e3, tree)
