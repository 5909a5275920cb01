"""Published energies of a 45 nm process, and what follows from them: an estimate without cells."""

from synth.targets.process import Costs, Figure, Process
from synth.targets.registry import register

__all__ = ["TARGET"]

HOROWITZ = "Horowitz, ISSCC 2014, 45 nm 0.9 V"
IN_PROPORTION = "assumption: as many multiply-accumulates' worth as in 130 nm"

TARGET = register(
    Process(
        name="45nm",
        process="generic 45 nm",
        voltage_v=0.9,
        costs=Costs(
            work_pj={
                "stationary": Figure(value=0.23, source=f"{HOROWITZ}: 8-bit multiply 0.2 pJ, 8-bit add 0.03 pJ"),
                "moving": Figure(value=0.581, source=IN_PROPORTION),
                "search": Figure(value=0.725, source=IN_PROPORTION),
                "sum bit": Figure(value=0.085, source=IN_PROPORTION),
                "memory bit": Figure(value=0.156, source=f"{HOROWITZ}: 64-bit read of 8 KB, 10 pJ"),
                "cycle": Figure(value=4.555, source=IN_PROPORTION),
            },
            mac_um2=Figure(value=318, source=f"{HOROWITZ}: 8-bit multiply 282 µm², 8-bit add 36 µm²"),
            memory_um2_per_bit=Figure(value=0.6, source="assumption: 0.374 µm² bit cells, 60 % of the macro"),
            register_um2_per_bit=Figure(
                value=5.0, source="assumption: a flip-flop of 4.5 µm² with its share of gating"
            ),
            multiplexer_um2_per_bit=Figure(value=1.9, source="assumption; gate-level power replaces it"),
        ),
    )
)
