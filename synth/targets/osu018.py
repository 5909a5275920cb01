"""Oklahoma State University's cells for TSMC 180 nm, as Debian has them: no clock gate, no tie cells, no macros."""

from pathlib import Path

from synth.targets.cells import CellTarget
from synth.targets.process import Figure
from synth.targets.registry import register

__all__ = ["TARGET"]

TARGET = register(
    CellTarget(
        name="osu018",
        process="TSMC 180 nm, cells of Oklahoma State University, 1.8 V, 25 °C",
        voltage_v=1.8,
        liberty=Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib"),
        driving_cell="BUFX4",
        load_ff=15.0,
        tie_high=None,
        tie_low=None,
        clock_gate=None,
        row_um=Figure(value=10.0, source="LEF of the standard cells"),
        site_um=Figure(value=0.8, source="LEF of the standard cells"),
        package="qflow-tech-osu018",
    )
)
