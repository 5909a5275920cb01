"""A mapped netlist between streams that pause at random: its packets, whole."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from rtl.manifest import Manifest
from synth.cells.liberty import read_liberty
from synth.files import NETLIST
from synth.gates.delays import allowed_wires, delays_of
from synth.gates.exercise import Exercise
from synth.gates.gate_simulator import GateSimulator
from synth.gates.memory_cost import no_macro
from synth.gates.netlist import read_netlist
from synth.gates.pulses import shortest_pulses
from synth.power.wires import WIRE_PF

__all__ = ["GateBench", "modules_in"]

IDLE, HELD = 0.2, 0.3
"""Share of the cycles in which no sample is offered, and no byte taken."""
PATIENCE = 10
"""Times the cycles that golden's blocks take."""


def modules_in(folder: Path) -> dict[str, Any]:
    """The netlist that the synth stage left, a module for each unit."""
    with gzip.open(folder / NETLIST, "rt", encoding="utf-8") as file:
        modules: dict[str, Any] = json.load(file)["modules"]
    return modules


class GateBench:
    """A netlist that was reset, loaded and started.

    Args:
        modules: the netlist.
        liberty: its cells.
        manifest: the encoder's.
        load: register writes that start it.
        seed: of the registers' first values, and of the pauses.
    """

    def __init__(
        self, modules: dict[str, Any], liberty: Path, manifest: Manifest, load: list[tuple[int, int]], seed: int
    ) -> None:
        library = read_liberty(liberty, timing=True)
        netlist = read_netlist(modules, manifest.top, library)
        memories = {memory.name: no_macro(memory.words, memory.width) for memory in netlist.memories}
        delays = delays_of(netlist, memories, allowed_wires(netlist, memories, WIRE_PF))
        pulses_ns = shortest_pulses(netlist, delays, library.slew_span)
        self._simulator = GateSimulator(netlist, delays, pulses_ns, memories, "aclk", 20.0, seed)
        self._cycles_per_block = manifest.cycles_per_block
        self._draw = np.random.default_rng(seed)
        self.asleep = 0
        """Cycles without a clock."""
        Exercise(self._simulator, manifest.cycles_per_block).start(load)

    def packets(self, adc: np.ndarray, gap: int = 0) -> list[bytes]:
        """Packets that leave for blocks (n, M, D), each with what it holds of the next where it ends too late.

        Up to ``gap`` cycles go by in front of every spike.
        """
        simulator, draw = self._simulator, self._draw
        last = np.zeros(adc.shape, bool)
        last[..., -1] = True
        beats = list(zip(adc.view(np.uint16).ravel().tolist(), last.ravel().tolist(), strict=True))
        found, bytes_, offered, held, at, wait = [], bytearray(), False, None, 0, 0
        behind = 2 * self._cycles_per_block
        for _ in range(PATIENCE * (len(adc) + 4) * self._cycles_per_block + gap * len(adc) * adc.shape[1]):
            wait = max(0, wait - 1)
            offered = at < len(beats) and wait == 0 and (offered or draw.random() > IDLE)
            ready = draw.random() > HELD
            inputs = {"s_axis_tvalid": int(offered), "m_axis_tready": int(ready)}
            if offered:
                inputs |= {"s_axis_tdata": beats[at][0], "s_axis_tlast": int(beats[at][1])}
            simulator.cycle(inputs)
            self.asleep += not simulator.port("clock_request")
            if offered and simulator.port("s_axis_tready"):
                wait = int(draw.integers(gap)) if gap and beats[at][1] else 0
                at, offered = at + 1, False
            valid, byte = simulator.port("m_axis_tvalid"), simulator.port("m_axis_tdata")
            assert held is None or (valid, byte) == (1, held), "a byte was taken back"
            held = byte if valid and not ready else None
            if valid and ready:
                bytes_.append(byte)
                if simulator.port("m_axis_tlast"):
                    found.append(bytes(bytes_))
                    bytes_.clear()
            behind -= len(found) >= len(adc)
            if not behind:
                break
        return [*found, *([bytes(bytes_)] if bytes_ else [])]
