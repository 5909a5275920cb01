"""What operations cost at two technology nodes, each figure with its source."""

from synth.part import Part

__all__ = ["NODES", "Figure", "Node"]


class Figure(Part):
    """A number and where it comes from."""

    value: float
    source: str


class Node(Part):
    """A technology. Energies in pJ, areas in µm²."""

    name: str
    process: str
    voltage_v: float
    mac_pj: Figure
    """8-bit multiply-accumulate as part of a weight-stationary dot product."""
    both_operands_factor: Figure
    """What a multiplication costs more where both operands change every cycle, as in the codeword search."""
    memory_read_pj_per_bit: Figure
    register_write_pj_per_bit: Figure
    overhead: Figure
    """Requantization, multiplexers, control and gated clock, as a share of the multiply-accumulates' energy."""
    mac_um2: Figure
    memory_um2_per_bit: Figure
    register_um2_per_bit: Figure
    multiplexer_um2_per_bit: Figure
    density: Figure
    """Share of the placed area that cells take."""


_MEASURED = (
    "gate-level simulation of sixteen 8x8 multipliers as 4-input weight-stationary dot products, half of the inputs "
    "zero, weights changed every 46 cycles, clock-gated; sg13g2 standard cells, typical corner"
)
_MACROS = (
    "sg13g2 single-port SRAM macros' liberty files: 512x32 36 pJ 79,700 µm², 1024x32 48 pJ 140,200 µm², 256x8 10 pJ"
)
_ASSUMED = "assumption; gate-level power replaces it"
_HOROWITZ = "Horowitz, ISSCC 2014, 45 nm 0.9 V"

NODES = {
    "ihp-sg13g2": Node(
        name="ihp-sg13g2",
        process="IHP SG13G2, 130 nm",
        voltage_v=1.2,
        mac_pj=Figure(value=1.59, source=_MEASURED),
        both_operands_factor=Figure(value=1.6, source="measured 1.4 to 1.8 with the same circuit"),
        memory_read_pj_per_bit=Figure(value=1.3, source=_MACROS),
        register_write_pj_per_bit=Figure(value=0.06, source=_ASSUMED),
        overhead=Figure(value=0.6, source=_ASSUMED),
        mac_um2=Figure(value=5227, source=_MEASURED),
        memory_um2_per_bit=Figure(value=5.0, source=_MACROS),
        register_um2_per_bit=Figure(
            value=50.0, source="sg13g2_dfrbpq_1 is 49.0 µm², sg13g2_dfrbp_1 52.6 µm² (liberty file)"
        ),
        multiplexer_um2_per_bit=Figure(value=18.1, source="sg13g2_mux2_1 (liberty file)"),
        density=Figure(value=0.7, source="assumption, usual for routed standard cells"),
    ),
    "45nm": Node(
        name="45nm",
        process="generic 45 nm",
        voltage_v=0.9,
        mac_pj=Figure(value=0.23, source=f"{_HOROWITZ}: 8-bit multiply 0.2 pJ, 8-bit add 0.03 pJ"),
        both_operands_factor=Figure(value=1.0, source=f"{_HOROWITZ}: random operands already"),
        memory_read_pj_per_bit=Figure(value=0.156, source=f"{_HOROWITZ}: 64-bit read of 8 KB, 10 pJ"),
        register_write_pj_per_bit=Figure(value=0.01, source=_ASSUMED),
        overhead=Figure(value=0.6, source=_ASSUMED),
        mac_um2=Figure(value=318, source=f"{_HOROWITZ}: 8-bit multiply 282 µm², 8-bit add 36 µm²"),
        memory_um2_per_bit=Figure(value=0.6, source="assumption: 0.374 µm² bit cells, 60 % of the macro"),
        register_um2_per_bit=Figure(value=5.0, source="assumption: a flip-flop of 4.5 µm² with its share of gating"),
        multiplexer_um2_per_bit=Figure(value=1.9, source=_ASSUMED),
        density=Figure(value=0.7, source="assumption, usual for routed standard cells"),
    ),
}
