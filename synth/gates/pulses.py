"""Which pulses a gate lets out: those between two changes of its output that lie far enough apart.

By default a pulse leaves if its first edge gets to half of the supply before its second one turns it back. With edges
that are straight lines and take T from rail to rail, centred on the times at which they cross half of the supply, that
is a pulse of T/2 or more, T being that of the second edge: of shorter ones the gates behind see nothing. A pulse
between T/2 and T is counted as a whole one, one below T/2 as none, though either moves a part of the charge. Limits
that every cell has for itself come closer to circuit simulation than one share of the delay for all (Journal of Low
Power Electronics and Applications 14(3):41, 2024); the shares are there to show what the choice is worth.
"""

import numpy as np
from numpy.typing import NDArray

from synth.gates.delays import Delays
from synth.gates.netlist import Netlist
from synth.gates.pulse_filter import Filter

__all__ = ["shortest_pulses"]

SHARES: dict[Filter, float] = {"delay": 1.0, "half delay": 0.5, "quarter delay": 0.25, "none": 0.0}


def shortest_pulses(
    netlist: Netlist, delays: Delays, slew_span: float, passing: Filter = "slew"
) -> NDArray[np.float64]:
    """(cells, pins, edges) shortest pulse that leaves a gate, in ns, if that pin makes its second edge.

    No longer than the delay of that edge: a change that has come is not taken back.

    Args:
        netlist: the cells.
        delays: their delays, and the slews of their nets.
        slew_span: share of the supply that a slew is measured over.
        passing: what a pulse must outlast.
    """
    if passing != "slew":
        return SHARES[passing] * delays.delay_ns
    pulses = np.zeros(delays.delay_ns.shape)
    for number, kind in enumerate(netlist.kinds):
        if kind.role == "gate":
            cells = netlist.of_kind(number)
            outputs = netlist.pins[cells, len(kind.inputs)]
            pulses[cells] = 0.5 / slew_span * delays.slew_ns[:, outputs].T[:, None, :]
    return np.minimum(pulses, delays.delay_ns)
