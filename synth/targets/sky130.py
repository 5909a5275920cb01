"""SkyWater SKY130, 130 nm, high-density cells, typical corner. There are no memory macros with trusted data."""

from pathlib import Path

from synth.targets.cells import CellPin, CellTarget, ClockGate
from synth.targets.process import Figure
from synth.targets.registry import register

__all__ = ["TARGET"]

TARGET = register(
    CellTarget(
        name="sky130",
        process="SkyWater SKY130, 130 nm, 1.8 V, 25 °C",
        voltage_v=1.8,
        liberty=Path("sky130A/libs.ref/sky130_fd_sc_hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib"),
        lef=Path("sky130A/libs.ref/sky130_fd_sc_hd/lef/sky130_fd_sc_hd.lef"),
        driving_cell="sky130_fd_sc_hd__buf_4",
        load_ff=15.0,
        tie_high=CellPin(cell="sky130_fd_sc_hd__conb_1", pin="HI"),
        tie_low=CellPin(cell="sky130_fd_sc_hd__conb_1", pin="LO"),
        clock_gate=ClockGate(cell="sky130_fd_sc_hd__dlclkp_1", enable="GATE", clock="CLK", output="GCLK"),
        row_um=Figure(value=2.72, source="LEF of the standard cells"),
        site_um=Figure(value=0.46, source="LEF of the standard cells"),
        wire_ff_per_um=Figure(
            value=0.17, source="OpenROAD's flow scripts, between met1's 0.172, met2's 0.136 and met3's 0.215"
        ),
    )
)
