"""``report.json``: what the emitted Verilog is made of, and what it should cost."""

from typing import Literal

from synth.estimate.estimate_report import Estimate
from synth.mapping.mapping_report import FpgaMapping, Mapping, ModuleStatistics
from synth.part import Part

__all__ = ["SynthesisReport"]


class SynthesisReport(Part):
    """``report.json``."""

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    target: str
    method: str
    encoder: ModuleStatistics
    units: list[ModuleStatistics]
    parameter_bits: int
    working_memory_bits: int
    activation_bytes: float
    """Partial sums, latents, windows and delays, without input buffer, parameters and packets."""
    estimates: list[Estimate]
    """None of an encoder with a front end before it."""
    mapping: Mapping | None = None
    """None for a target without cells."""
    fpga: FpgaMapping | None = None
    """None for a target that is no FPGA."""

    def __str__(self) -> str:
        if self.fpga is not None:
            return f"{len(self.units)} units; {self.fpga}"
        if self.mapping is not None:
            return f"{len(self.units)} units; {self.mapping}"
        counted = (
            f"{len(self.units)} units, {self.encoder.flip_flop_bits} flip-flops, "
            f"{self.parameter_bits + self.working_memory_bits} memory bits"
        )
        if not self.estimates:
            return counted
        first = self.estimates[0]
        return (
            f"{counted}; estimated for {first.process}, idle clock "
            "and leakage left out: "
            f"{first.energy_nj_per_spike:.0f} nJ per spike, {first.area_mm2:.2f} mm², "
            f"{first.channels_within_limit} channels within {first.limit_uw_per_mm2:.0f} µW/mm²"
        )
