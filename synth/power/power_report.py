"""``power.json``: what a netlist's activity costs."""

from typing import Literal

from synth.gates.critical_path import CriticalPath
from synth.gates.pulse_filter import PASSING, Filter
from synth.part import Part
from synth.place.place_report import PlaceReport

__all__ = [
    "Budget",
    "ClockEnergy",
    "Energy",
    "LinkSaving",
    "MemoryAccesses",
    "PowerReport",
    "UnitEnergy",
    "WireSensitivity",
]


class UnitEnergy(Part):
    """Of one unit, in pJ, by kind."""

    name: str
    gates_pj: float
    """Inside of gates, when they switch."""
    flip_flops_pj: float
    """Inside of flip-flops, clock gates excluded: outputs and data pins."""
    clock_pj: float
    """Inside of flip-flops and clock gates at their clock and enable pins, and the clock nets' load."""
    nets_pj: float
    """Load of all other nets: pins, and the allowance for wires."""
    memories_pj: float
    """Accesses of macros, and transitions of their pins."""

    @property
    def total_pj(self) -> float:
        """All kinds."""
        return self.gates_pj + self.flip_flops_pj + self.clock_pj + self.nets_pj + self.memories_pj


class ClockEnergy(Part):
    """What the clock takes, in pJ, by kind; all of it is in other figures too."""

    wires_pj: float
    """0 where the tree is assumed: an allowance for wires is with the pins."""
    buffers_pj: float
    pins_pj: float
    """Flip-flops' clock pins: load, and inside."""
    gates_pj: float
    """Inside of clock gates."""


class Energy(Part):
    """What a run cost."""

    cycles: int
    units: list[UnitEnergy]
    clock_tree_pj: float
    """Buffers of the clock tree, and its wires where these are placed; else one for every so many pins of a clock that
    runs."""
    clock: ClockEnergy | None = None
    """None in reports of former versions."""
    transitions: int
    glitch_share: float
    """Share of the nets' energy that goes into transitions which the same cycle takes back; clocks left out."""
    settled_ns: float
    """Latest transition after a rising edge."""

    @property
    def total_pj(self) -> float:
        """Units and clock tree; leakage is power, not counted here."""
        return sum(unit.total_pj for unit in self.units) + self.clock_tree_pj

    @property
    def by_kind_pj(self) -> dict[str, float]:
        """Sums over the units."""
        return {
            "gates": sum(unit.gates_pj for unit in self.units),
            "flip-flops": sum(unit.flip_flops_pj for unit in self.units),
            "clock pins and gates": sum(unit.clock_pj for unit in self.units),
            "clock tree": self.clock_tree_pj,
            "nets": sum(unit.nets_pj for unit in self.units),
            "memories": sum(unit.memories_pj for unit in self.units),
        }


class WireSensitivity(Part):
    """Energy per spike with another allowance for wires, at the same activity."""

    wire_pf_per_pin: float
    energy_nj_per_spike: float


class MemoryAccesses(Part):
    """Accesses of a memory by a block."""

    name: str
    macro: str | None
    reads_per_block: float
    writes_per_block: float
    read_pj: float


class LinkSaving(Part):
    """What encoding saves on a link, less what it costs."""

    link_pj_per_bit: float
    raw_nj_per_spike: float
    encoded_nj_per_spike: float
    """Encoder and link."""


class Budget(Part):
    """Power and area of the encoder alone. If nothing else is said, between spikes it takes what a chip takes that has
    stopped its clock itself: leakage, and what goes on."""

    limit_uw_per_mm2: float
    rate_hz: float
    placement_density: float
    area_mm2: float
    spikes_per_s_at_full_rate: float
    power_uw_at_full_rate: float
    density_uw_per_mm2_at_full_rate: float
    channels_within_limit: int
    """On the encoder's own area, at ``rate_hz``."""
    channels_within_limit_clocked: int
    """The same with a clock that never stops."""
    resting_share: float
    """Of the limit's power on that area, what a chip takes that sleeps, leakage included."""
    channels_per_mm2: float
    uw_per_channel: float
    um2_per_channel: float
    host_mm2: float
    channels_in_host: int
    """Limit times the host's area, for one encoder; no more than it can keep up with."""
    break_even_pj_per_bit: float
    """Energy of a link bit from which on encoding saves energy."""
    link: list[LinkSaving]

    def __str__(self) -> str:
        return (
            f"{self.area_mm2:.2f} mm² placed (cells at a density of {self.placement_density:g}, and macros); at "
            f"{self.rate_hz:g} Hz within {self.limit_uw_per_mm2:g} µW/mm²: {self.channels_within_limit} channels "
            f"({self.channels_per_mm2:.0f} per mm²), {self.channels_within_limit_clocked} if the clock always ran; "
            f"asleep it takes {self.resting_share:.1%} of that power"
        )


class PowerReport(Part):
    """``power.json``. Energies of ``busy`` and ``idle`` are those of their cycles; leakage is apart."""

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    target: str
    process: str
    voltage_v: float
    clock_mhz: float
    method: str
    pulses: Filter = "delay"
    """What a pulse must outlast to leave a gate; former versions knew the delay alone."""
    blocks: int
    spikes: int
    packets_checked: int
    cycles_per_block: float
    critical_path: CriticalPath
    wire_pf_per_pin: float
    """Allowed for each pin that is driven; of placed wires, the mean of all nets but clocks."""
    placement: PlaceReport | None = None
    """None: wires are an allowance."""
    busy: Energy
    idle: Energy
    energy_nj_per_spike: float
    """At full rate, leakage left out."""
    isolated_nj_per_spike: float | None = None
    """Of blocks that each find the chip at rest, until it rests again; channels are computed from it. None in reports
    of former versions."""
    energy_nj_per_spike_by_kind: dict[str, float]
    energy_nj_per_spike_by_unit: dict[str, float]
    asleep_share: float
    """Of the cycles of ``idle``, those without a clock."""
    idle_uw: float
    """No spikes; the chip stops its clock as it does. Checks of the parameters, seldom as they are, are not in it."""
    idle_clocked_uw: float
    """No spikes, but the clock is kept running."""
    leakage_uw: float
    memories: list[MemoryAccesses]
    wires: list[WireSensitivity]
    budget: Budget | None
    """None where a memory has no macro, so that the area is not known."""
    notes: list[str]

    @property
    def wires_in_words(self) -> str:
        """Where the capacitance of wires comes from, in words."""
        each = f"{1e3 * self.wire_pf_per_pin:.2g} fF a pin"
        return f"assumed, {each}" if self.placement is None else f"placed, {each}"

    @property
    def energy(self) -> str:
        """The energy in words, with the memories that it leaves out."""
        free = [memory.name for memory in self.memories if memory.macro is None]
        left_out = f", without {', '.join(free)} (no macro)" if free else ""
        return f"{self.energy_nj_per_spike:,.0f} nJ per spike{left_out}"

    def __str__(self) -> str:
        text = (
            f"{self.process}: {self.energy} ({self.blocks} blocks, packets as golden; wires: {self.wires_in_words}; "
            f"pulses: {PASSING[self.pulses]})"
        )
        if self.isolated_nj_per_spike is not None:
            text += f", {self.isolated_nj_per_spike:,.1f} nJ in blocks that come one by one"
        text += f", critical path {self.critical_path.ns:.1f} ns"
        if self.budget is not None:
            text += f"; {self.budget}"
        return text
