"""``implant.json``: what a whole implant takes, from raw samples to packets."""

from typing import Literal

from synth.gates.critical_path import CriticalPath
from synth.part import Part
from synth.place.place_report import PlaceReport
from synth.power.power_report import Energy

__all__ = ["ImplantPart", "ImplantReport"]


class ImplantPart(Part):
    """A share of the chip; its clock tree with it, in proportion to its clock pins, leakage apart."""

    name: str
    um2_per_channel: float
    """Cells at the placement's density, and macros."""
    pj_per_sample: float
    """While there is noise alone."""
    nj_per_event: float
    """Of a spike, beyond that."""
    uw_per_channel: float
    """Both, at the sampling rate and the spikes' rate."""


class ImplantReport(Part):
    """``implant.json``. Its clock is the converter's, a cycle a sample; the chip behind the detector stops its own."""

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    target: str
    process: str
    voltage_v: float
    method: str
    stimulus: str
    channels: int
    sampling_rate_hz: float
    events_per_s: float
    """Of a channel."""
    noise_deviation: float
    """In codes."""
    quiet_samples: int
    events: int
    packets_checked: int
    critical_path: CriticalPath
    wire_pf_per_pin: float
    placement: PlaceReport | None = None
    quiet: Energy
    eventful: Energy
    parts: list[ImplantPart]
    leakage_uw_per_channel: float
    notes: list[str]

    @property
    def clock_mhz(self) -> float:
        """A cycle for every sample."""
        return self.channels * self.sampling_rate_hz / 1e6

    @property
    def pj_per_sample(self) -> float:
        """While there is noise alone."""
        return sum(part.pj_per_sample for part in self.parts)

    @property
    def nj_per_event(self) -> float:
        """Of a spike, beyond what its samples take as noise."""
        return sum(part.nj_per_event for part in self.parts)

    @property
    def uw_per_channel(self) -> float:
        """All, leakage included."""
        return sum(part.uw_per_channel for part in self.parts) + self.leakage_uw_per_channel

    @property
    def um2_per_channel(self) -> float:
        """All, as it would be placed."""
        return sum(part.um2_per_channel for part in self.parts)

    def __str__(self) -> str:
        parts = ", ".join(f"{part.name} {part.uw_per_channel:.2f}" for part in self.parts)
        return (
            f"{self.process}: {self.channels} channels at {self.sampling_rate_hz / 1e3:g} kS/s and "
            f"{self.events_per_s:g} spikes/s: {self.uw_per_channel:.2f} µW and {self.um2_per_channel:,.0f} µm² a "
            f"channel ({parts}, leakage {self.leakage_uw_per_channel:.2f} µW); {self.pj_per_sample:.1f} pJ a "
            f"sample of noise, {self.nj_per_event:.1f} nJ a spike; wires "
            f"{'assumed' if self.placement is None else 'placed'}; packets as golden"
        )
