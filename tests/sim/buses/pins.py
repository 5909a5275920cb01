"""What a chip's pins do in every cycle, counted and judged: rules of the buses, and no unknown level."""

from dataclasses import dataclass, field
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

__all__ = ["Counts", "Pins"]

ALWAYS = ("s_axis_tready", "m_axis_tvalid", "s_axil_awready", "s_axil_wready", "s_axil_bvalid", "s_axil_arready")
ALWAYS = (*ALWAYS, "s_axil_rvalid", "clock_request")
"""Outputs that are known in every cycle behind reset."""
BESIDE = {"m_axis": ("m_axis_tdata", "m_axis_tlast"), "s_axil_b": ("s_axil_bresp",)}
BESIDE = {**BESIDE, "s_axil_r": ("s_axil_rdata", "s_axil_rresp")}
"""Those that are known while their bus says valid, and stay until they are taken."""


@dataclass
class Counts:
    """Of the cycles since reset."""

    cycles: int = 0
    beats: int = 0
    bytes: int = 0
    input_stalls: int = 0
    output_stalls: int = 0
    spikes: int = 0
    packets: int = 0
    packet_gaps: int = 0
    """Cycles within a packet in which no byte is offered."""


@dataclass
class Pins:
    """Watches the pins of ``dut``; with ``faults`` it has found something."""

    dut: Any
    counts: Counts = field(default_factory=Counts)
    faults: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """Cycles in which packets ended."""
    _within: bool = False
    _held: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cocotb.start_soon(self._run())

    def forget(self) -> None:
        """Begin anew, as behind a reset."""
        self.counts, self.ends, self._within = Counts(), [], False
        self._held.clear()

    def _level(self, name: str) -> bool:
        return str(getattr(self.dut, name).value) == "1"

    async def _run(self) -> None:
        while True:
            await RisingEdge(self.dut.aclk)
            if not self._level("aresetn"):
                self.forget()
                continue
            self.counts.cycles += 1
            for name in ALWAYS:
                if str(getattr(self.dut, name).value) not in "01":
                    self._fault(f"{name} is unknown")
            for bus, names in BESIDE.items():
                self._bus(bus, names)
            self._streams()

    def _fault(self, text: str) -> None:
        self.faults.append(f"cycle {self.counts.cycles}: {text}")

    def _bus(self, bus: str, names: tuple[str, ...]) -> None:
        prefix = f"{bus}_t" if bus == "m_axis" else bus
        if not self._level(f"{prefix}valid"):
            if bus in self._held:
                self._fault(f"{bus} takes back what it offered")
                del self._held[bus]
            return
        text = " ".join(str(getattr(self.dut, name).value) for name in names)
        if not set(text) <= set("01 "):
            self._fault(f"{bus} offers unknown bits: {text}")
        if self._held.get(bus, text) != text:
            self._fault(f"{bus} changes what it offered")
        self._held[bus] = text
        if self._level(f"{prefix}ready"):
            del self._held[bus]

    def _streams(self) -> None:
        counts = self.counts
        if self._level("s_axis_tvalid"):
            taken = self._level("s_axis_tready")
            counts.beats += taken
            counts.input_stalls += not taken
            counts.spikes += taken and self._level("s_axis_tlast")
        if self._level("m_axis_tvalid"):
            taken, last = self._level("m_axis_tready"), self._level("m_axis_tlast")
            counts.bytes += taken
            counts.output_stalls += not taken
            counts.packets += taken and last
            if taken:
                self._within = not last
                if last:
                    self.ends.append(counts.cycles)
        elif self._within:
            counts.packet_gaps += 1
