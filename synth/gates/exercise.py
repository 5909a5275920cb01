"""Runs a mapped netlist as a host would: loads the parameters, feeds spikes, collects the packets."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtl.host.register_map import register
from synth.gates.gate_simulator import GateSimulator

__all__ = ["Exercise", "NetlistStuckError"]

PATIENCE = 20
"""Times the expected cycles that a run may take."""


class NetlistStuckError(RuntimeError):
    """The netlist does not answer: a fault of the mapping, or of the simulation."""


@dataclass
class Exercise:
    """A netlist with its pins driven.

    ``packets`` are those that have left; ``ends`` is the cycle of each one's last byte, since the last clearing.
    """

    simulator: GateSimulator
    cycles_per_block: int
    packets: list[bytes] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    _beats: deque[dict[str, int]] = field(default_factory=deque)
    _bytes: bytearray = field(default_factory=bytearray)

    def start(self, writes: Sequence[tuple[int, int]]) -> None:
        """Reset, send a packet for each block, and make these register writes.

        Raises:
            NetlistStuckError: a write is not answered.
        """
        idle = dict.fromkeys(("s_axis_tvalid", "s_axis_tlast", "s_axis_tdata", "s_axis_tuser"), 0)
        axi = {f"s_axil_{name}": 0 for name in ("awvalid", "wvalid", "arvalid", "awprot", "arprot", "araddr")}
        ready = {"m_axis_tready": 1, "s_axil_bready": 1, "s_axil_rready": 1, "s_axil_wstrb": 15}
        pins = {name: value for name, value in (idle | axi | ready).items() if name in self.simulator.netlist.ports}
        for _ in range(4):
            self.simulator.cycle({**pins, "aresetn": 0})
        self.simulator.cycle({"aresetn": 1})
        for offset, value in [(register("packet_blocks").offset, 1), *writes]:
            self._write(offset, value)

    def _write(self, offset: int, value: int) -> None:
        inputs = {"s_axil_awaddr": offset, "s_axil_wdata": value, "s_axil_awvalid": 1, "s_axil_wvalid": 1}
        for _ in range(1000):
            self.simulator.cycle(inputs)
            taken = {n: self.simulator.port(f"s_axil_{n}ready") for n in ("aw", "w")}
            answered = self.simulator.port("s_axil_bvalid")
            # What was ready at the end of this cycle is taken at the next edge.
            inputs = {f"s_axil_{n}valid": 0 for n in ("aw", "w") if taken[n]}
            if answered:
                self.simulator.cycle({"s_axil_awvalid": 0, "s_axil_wvalid": 0})
                return
        raise NetlistStuckError(f"the netlist does not answer a write to offset {offset:#x}")

    def feed(self, codes: NDArray[np.int16]) -> None:
        """Queue blocks (blocks, M, D) of ADC codes."""
        last = np.zeros(codes.shape, dtype=bool)
        last[..., -1] = True
        for code, ends in zip(_pins(codes), last.ravel().tolist(), strict=True):
            self._beats.append({"s_axis_tdata": code, "s_axis_tlast": int(ends), "s_axis_tvalid": 1})

    def feed_samples(self, codes: NDArray[np.integer]) -> None:
        """Queue raw samples (frames, channels) of ADC codes, for a netlist with a front end."""
        self._beats += ({"s_axis_tdata": code, "s_axis_tvalid": 1} for code in _pins(codes))

    def run(self, packets: int) -> None:
        """Run until so many packets have left since the last clearing.

        Raises:
            NetlistStuckError: they do not come.
        """
        limit = self.simulator.cycles + PATIENCE * self.cycles_per_block * (packets - len(self.packets) + 2)
        while len(self.packets) < packets:
            self.step()
            if self.simulator.cycles > limit:
                raise NetlistStuckError(f"{len(self.packets)} of {packets} packets after {limit} cycles")

    def step(self) -> None:
        """One cycle of both streams."""
        simulator = self.simulator
        simulator.cycle(self._beats[0] if self._beats else {"s_axis_tvalid": 0})
        # What is ready or valid at the end of a cycle is transferred at the edge that begins the next one.
        if self._beats and simulator.port("s_axis_tready"):
            self._beats.popleft()
        if simulator.port("m_axis_tvalid"):
            self._bytes.append(simulator.port("m_axis_tdata"))
            if simulator.port("m_axis_tlast"):
                self.packets.append(bytes(self._bytes))
                self.ends.append(simulator.cycles)
                self._bytes.clear()

    def keep_awake(self) -> None:
        """Offer an address to write to and no word: the clock runs from now on, and nothing comes of it."""
        self.simulator.cycle({"s_axil_awvalid": 1})

    def clear(self) -> None:
        """Forget the packets, and count from zero."""
        self.packets.clear()
        self.ends.clear()
        self.simulator.clear()


def _pins(codes: NDArray[np.integer]) -> list[int]:
    """Levels of the data pins, as unsigned numbers."""
    values: list[int] = codes.astype(np.int16).view(np.uint16).ravel().tolist()
    return values
