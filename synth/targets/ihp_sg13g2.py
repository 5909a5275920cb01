"""IHP SG13G2, 130 nm, typical corner."""

from pathlib import Path

from synth.targets.cells import CellPin, CellTarget, ClockGate

__all__ = ["TARGET"]

TARGET = CellTarget(
    name="ihp-sg13g2",
    process="IHP SG13G2, 130 nm, 1.2 V, 25 °C",
    voltage_v=1.2,
    liberty=Path("ihp-sg13g2/libs.ref/sg13g2_stdcell/lib/sg13g2_stdcell_typ_1p20V_25C.lib"),
    macros=Path("ihp-sg13g2/libs.ref/sg13g2_sram/lib"),
    driving_cell="sg13g2_buf_4",
    load_ff=15.0,
    tie_high=CellPin(cell="sg13g2_tiehi", pin="L_HI"),
    tie_low=CellPin(cell="sg13g2_tielo", pin="L_LO"),
    # The library marks it dont_use, so that tools that look for one pass it by.
    clock_gate=ClockGate(cell="sg13g2_lgcp_1", enable="GATE", clock="CLK", output="GCLK"),
)
