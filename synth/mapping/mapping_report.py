"""What Yosys counted, and what the encoder became when mapped to cells or to an FPGA: parts of ``report.json``."""

from collections import Counter

from rtl.shape.memory_use import Place
from synth.part import Part

__all__ = [
    "FpgaMapping",
    "MacroChoice",
    "MacroRow",
    "MappedMemory",
    "MappedUnit",
    "Mapping",
    "MemoryCell",
    "ModuleStatistics",
    "Multipliers",
    "Routing",
    "Usage",
]


class Multipliers(Part):
    """Multipliers of one shape. Products with a constant are no multipliers."""

    a_bits: int
    b_bits: int
    count: int


class MemoryCell(Part):
    """A memory that stays one. Bits that are the same in all words, and never written, are not counted."""

    name: str
    words: int
    width: int
    read_ports: int
    write_ports: int


class ModuleStatistics(Part):
    """A module with all that is below it, flattened."""

    module: str
    cells: int
    """Word-level cells: adders, multiplexers, multipliers, registers, memories."""
    cells_by_type: dict[str, int]
    multipliers: list[Multipliers]
    flip_flop_bits: int
    """Registers outside of memories: a read register is part of its memory's port."""
    latch_bits: int
    multiplexer_bits: int
    """Two-input multiplexers, one a bit."""
    adder_bits: int
    memories: list[MemoryCell]
    memory_bits: int
    gates: dict[str, int] | None = None
    """Static CMOS gates and flip-flops by type after mapping without a library; memories left out."""

    @property
    def multiplier_count(self) -> int:
        """Multipliers of all shapes."""
        return sum(shape.count for shape in self.multipliers)


class MacroRow(Part):
    """Macros of one kind, side by side."""

    macro: str
    columns: int


class MacroChoice(Part):
    """Rows of macros, one above the other, that hold a memory; the longest come first."""

    rows: list[MacroRow]
    area_um2: float
    leakage_nw: float

    def __str__(self) -> str:
        counts: Counter[str] = Counter()
        for row in self.rows:
            counts[row.macro] += row.columns
        return ", ".join(name if count == 1 else f"{count} {name}" for name, count in counts.items())


class MappedUnit(Part):
    """Cells of one unit, without memory macros. ``rest`` is what belongs to no unit."""

    name: str
    cells: int
    area_um2: float
    flip_flops: int
    flip_flop_area_um2: float
    clock_gates: int
    gated_flip_flops: int


class MappedMemory(Part):
    """What a memory of the manifest becomes."""

    name: str
    words: int
    width: int
    bits: int
    held_in: Place
    macro: MacroChoice | None
    """Smallest choice of macros that fits, for one held in macros; None where the process has none."""


class Mapping(Part):
    """Cells of the whole chip. Areas are those of cells: no wires, no placement."""

    process: str
    voltage_v: float
    liberty: str
    clock_mhz: float
    """What cells were sized for."""
    area_um2: float
    """Of all cells, macros left out."""
    flip_flop_area_um2: float
    leakage_uw: float
    cells: int
    flip_flops: int
    gated_flip_flops: int
    clock_gates: int
    units: list[MappedUnit]
    cells_by_type: dict[str, int]
    memories: list[MappedMemory]
    macro_bits: int
    macro_area_um2: float | None
    """Estimated from the macros' liberty files; None where a memory has no macro that fits."""
    notes: list[str]

    @property
    def gated_share(self) -> float:
        """Share of the flip-flops whose clock is gated."""
        return self.gated_flip_flops / self.flip_flops if self.flip_flops else 0.0

    def __str__(self) -> str:
        macros = ""
        if self.macro_bits:
            area = self.macro_area_um2
            macros = " (no macro here fits; not counted)" if area is None else f" (macros: about {area / 1e6:.2f} mm²)"
        return (
            f"{self.process}: {self.area_um2 / 1e6:.3f} mm² of cells, {self.flip_flops} flip-flops, "
            f"{self.gated_share:.0%} of them behind {self.clock_gates} clock gates, "
            f"{self.macro_bits} bits in memory macros{macros}"
        )


class Usage(Part):
    """Of one kind of resource."""

    used: int
    available: int

    @property
    def share(self) -> float:
        """Part of the device's; infinite for what the device has none of."""
        return self.used / self.available if self.available else float("inf") if self.used else 0.0

    def __str__(self) -> str:
        return f"{self.used:,} of {self.available:,}"


class Routing(Part):
    """What nextpnr says of the placed and routed design."""

    tool: str
    """Package and version."""
    clock_mhz: float
    """Clock that was asked for."""
    fmax_mhz: float
    """Of the slowest path between registers, memories and multipliers; paths to and from pins are not in it."""
    cells: dict[str, Usage]
    """The device's own cells, as nextpnr names them; those used."""


class FpgaMapping(Part):
    """The whole chip on a device."""

    device: str
    yosys: str
    """Package and version."""
    luts: Usage
    """Four-input look-up tables, those of adders and of memories without a block included."""
    flip_flops: Usage
    multipliers: Usage
    memories: Usage
    """Blocks of memory."""
    memory_block_bits: int
    cells: dict[str, int]
    """The family's cells, as Yosys names them."""
    routing: Routing | None
    not_routed: str | None
    """Why there is no ``routing``."""

    @property
    def overfull(self) -> list[str]:
        """Kinds of resources that the device has too few of."""
        return [name for name, use in self.usage().items() if use.used > use.available]

    @property
    def fits(self) -> bool:
        """Whether the device has enough of each resource."""
        return not self.overfull

    def usage(self) -> dict[str, Usage]:
        """Every resource by what it is called."""
        return {
            "LUTs": self.luts,
            "flip-flops": self.flip_flops,
            "multipliers": self.multipliers,
            "memory blocks": self.memories,
        }

    def __str__(self) -> str:
        used = ", ".join(f"{use} {name}" for name, use in self.usage().items() if use.available)
        if self.routing is None:
            return f"{self.device}: {used}; not placed: {self.not_routed}"
        return f"{self.device}: {used}; placed and routed, {self.routing.fmax_mhz:.1f} MHz at most"
