"""What an encoder of a design takes: area, cycles, energy and channels, by the analytic estimate."""

import tempfile
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from flow.report.words import nanojoules
from rtl.emit import emit
from rtl.planning import make_plan
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from synth.estimate.analytic import estimate
from synth.estimate.estimate_report import Estimate
from synth.estimate.limit import RATE_HZ
from synth.mapping.yosys import statistics
from synth.targets.find import with_costs

__all__ = ["Price", "price"]


class Price(BaseModel):
    """The encoder alone, without front end; how it was found, and what is left out, is in ``estimate``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    weights: str
    """What the numbers in the encoder are: trained ones, or some of the right shape."""
    cycles_per_block: int
    latency_cycles: int
    multipliers: int
    parameter_bits: int
    working_memory_bits: int
    estimate: Estimate

    @property
    def channels_per_mm2(self) -> float:
        """Within the power limit."""
        return self.estimate.channels_within_limit / self.estimate.area_mm2

    def encoders_for(self, spikes_per_s: float) -> int:
        """Encoders that code so many spikes a second within the power limit."""
        return max(1, ceil(spikes_per_s / self.estimate.spikes_per_s_within_limit))

    def rows(self) -> list[tuple[str, str]]:
        """What a table shows."""
        e = self.estimate
        parts = ", ".join(f"{kind} {area:.2f}" for kind, area in e.area_mm2_by_kind.items())
        return [
            ("area", f"{e.area_mm2:.2f} mm² ({parts})"),
            (
                "memory",
                f"{self.parameter_bits / 8192:.1f} KiB of parameters, {self.working_memory_bits / 8192:.1f} more",
            ),
            ("multipliers", f"{self.multipliers}"),
            ("cycles", f"{self.cycles_per_block} a block at {e.clock_mhz:g} MHz; latency {self.latency_cycles}"),
            ("spikes", f"{e.spikes_per_s_at_full_rate:,.0f} a second at that clock"),
            ("energy", f"{nanojoules(e.energy_nj_per_spike)} nJ a spike"),
            (
                "channels",
                f"{e.channels_within_limit} of {RATE_HZ:g} Hz within {e.limit_uw_per_mm2:.0f} µW/mm², "
                f"{self.channels_per_mm2:.0f} a mm²",
            ),
        ]


def price(design: Design, specs: Sequence[EncoderSpec], weights: str) -> Price:
    """Emit an encoder and count its parts; the process is the first that has a table of costs.

    Args:
        design: the hardware's knobs.
        specs: of point 0, then of the further operating points.
        weights: what they were made from, in words.

    Raises:
        ValueError: the specs do not fit the hardware.
        MissingToolError, YosysError: Yosys is missing, or refuses the Verilog.
    """
    spec, *others = specs
    hardware = design.hardware.model_copy(update={"memories": "inferred"})
    with tempfile.TemporaryDirectory(prefix="spikecae-price-") as name:
        folder = Path(name)
        manifest = emit(spec, hardware, folder, others=others, block=design.block.kind)
        (counted,) = statistics(folder / manifest.verilog, [manifest.top])
    parameters = sum(memory.bits for memory in manifest.memories if memory.role == "parameters")
    process = next(iter(with_costs().values()))
    return Price(
        weights=weights,
        cycles_per_block=manifest.cycles_per_block,
        latency_cycles=manifest.latency_cycles,
        multipliers=manifest.multipliers + manifest.search_multipliers,
        parameter_bits=parameters,
        working_memory_bits=sum(memory.bits for memory in manifest.memories) - parameters,
        estimate=estimate(make_plan(spec, hardware, others), manifest, process, counted),
    )
