"""What operations cost at two technology nodes, each figure with its source."""

from rtl.shape.work import Work
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
    work_pj: dict[Work, Figure]
    mac_um2: Figure
    memory_um2_per_bit: Figure
    register_um2_per_bit: Figure
    multiplexer_um2_per_bit: Figure
    density: Figure
    """Share of the placed area that cells take."""


_FITTED = "least squares over gate-level runs (python -m experiments.estimate)"
_MAC_AREA = (
    "sixteen 8x8 multipliers as 4-input weight-stationary dot products, mapped to sg13g2 standard cells, typical corner"
)
_MACROS = (
    "sg13g2 single-port SRAM macros' liberty files: 512x32 36 pJ 79,700 µm², 1024x32 48 pJ 140,200 µm², 256x8 10 pJ"
)
_ASSUMED = "assumption; gate-level power replaces it"
_HOROWITZ = "Horowitz, ISSCC 2014, 45 nm 0.9 V"
_IHP_PJ: dict[Work, float] = {
    "stationary": 3.0,
    "moving": 5.43,
    "search": 7.3,
    "output": 2.58,
    "sum bit": 0.95,
    "memory bit": 1.35,
    "cycle": 34.0,
}
_MAC_45 = Figure(value=0.23, source=f"{_HOROWITZ}: 8-bit multiply 0.2 pJ, 8-bit add 0.03 pJ")
_BIT_45 = Figure(value=0.156, source=f"{_HOROWITZ}: 64-bit read of 8 KB, 10 pJ")


def _in_proportion(work: Work) -> Figure:
    value = _IHP_PJ[work] / _IHP_PJ["stationary"] * _MAC_45.value
    return Figure(value=round(value, 3), source="assumption: as many multiply-accumulates' worth as in 130 nm")


NODES = {
    "ihp-sg13g2": Node(
        name="ihp-sg13g2",
        process="IHP SG13G2, 130 nm",
        voltage_v=1.2,
        work_pj={work: Figure(value=value, source=_FITTED) for work, value in _IHP_PJ.items()},
        mac_um2=Figure(value=5227, source=_MAC_AREA),
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
        work_pj={work: _in_proportion(work) for work in _IHP_PJ} | {"stationary": _MAC_45, "memory bit": _BIT_45},
        mac_um2=Figure(value=318, source=f"{_HOROWITZ}: 8-bit multiply 282 µm², 8-bit add 36 µm²"),
        memory_um2_per_bit=Figure(value=0.6, source="assumption: 0.374 µm² bit cells, 60 % of the macro"),
        register_um2_per_bit=Figure(value=5.0, source="assumption: a flip-flop of 4.5 µm² with its share of gating"),
        multiplexer_um2_per_bit=Figure(value=1.9, source=_ASSUMED),
        density=Figure(value=0.7, source="assumption, usual for routed standard cells"),
    ),
}
