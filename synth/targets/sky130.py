"""SkyWater SKY130, 130 nm, high-density cells, typical corner. There are no memory macros with trusted data."""

from pathlib import Path

from synth.targets.cells import CellPin, CellTarget, ClockGate

__all__ = ["TARGET"]

TARGET = CellTarget(
    name="sky130",
    process="SkyWater SKY130, 130 nm, 1.8 V, 25 °C",
    voltage_v=1.8,
    liberty=Path("sky130A/libs.ref/sky130_fd_sc_hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib"),
    driving_cell="sky130_fd_sc_hd__buf_4",
    load_ff=15.0,
    tie_high=CellPin(cell="sky130_fd_sc_hd__conb_1", pin="HI"),
    tie_low=CellPin(cell="sky130_fd_sc_hd__conb_1", pin="LO"),
    clock_gate=ClockGate(cell="sky130_fd_sc_hd__dlclkp_1", enable="GATE", clock="CLK", output="GCLK"),
)
