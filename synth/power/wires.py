"""What a net's wire adds to its load: what a placement says, or an allowance for every pin."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikecae.records import read_record
from synth.files import PLACE_REPORT, PLACED_NETS
from synth.gates.netlist import Netlist
from synth.gates.netlist_file import netlist_hash
from synth.place.place_report import PlaceReport

__all__ = ["WIRE_PF", "placed_wires"]

WIRE_PF = 0.005
"""Capacitance of the wire to one pin where nothing is placed: about 30 µm at 0.17 fF/µm."""


def placed_wires(place_dir: Path, synth_dir: Path, netlist: Netlist) -> tuple[PlaceReport, NDArray[np.float64]]:
    """The placement of a netlist, and (nets,) the capacitance of each net's wire, pF.

    Args:
        place_dir: what the place stage left.
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
    if report.netlist_sha256 != netlist_hash(synth_dir) or lengths.shape != (netlist.nets,):
        raise ValueError(f"{place_dir} is of another netlist than {synth_dir}; run the place stage anew")
    wires = report.wires
    ff_per_um = np.where(netlist.is_clock, wires.clock_ff_per_um.value, wires.ff_per_um.value)
    return report, lengths * ff_per_um / 1e3
