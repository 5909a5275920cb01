"""IHP SG13G2, 130 nm, typical corner, with the SRAM macros of its open process kit (IHP-Open-PDK 5cccb161)."""

import json
import re
from pathlib import Path

from rtl.memory.kit import Macro, MacroFiles, MacroKit, Pin, Port
from rtl.shape.work import Work
from synth.targets.cells import CellPin, CellTarget, ClockGate
from synth.targets.process import FITTED_COSTS, Costs, Figure
from synth.targets.registry import register

__all__ = ["TARGET", "macro"]

KIT = "ihp-sg13g2"
CORNER = "typ_1p20V_25C"
CELLS = Path(KIT, "libs.ref/sg13g2_stdcell")
SRAM = "libs.ref/sg13g2_sram"

MACROS = {
    "1P_1024x16_c2_bm_bist": (79673.728, 29.70, 0.34),
    "1P_1024x32_c2_bm_bist": (140182.6944, 53.59, 1.33),
    "1P_1024x64_c2_bm_bist": (263946.1408, 101.37, 5.28),
    "1P_1024x8_c2_bm_bist": (49419.2448, 17.76, 0.09),
    "1P_2048x64_c2_bm_bist": (491633.616, 138.88, 5.28),
    "1P_256x16_c2_bm_bist": (28127.104, 16.32, 0.34),
    "1P_256x32_c2_bm_bist": (49488.4992, 29.73, 1.33),
    "1P_256x48_c2_bm_bist": (70849.8944, 43.13, 2.97),
    "1P_256x64_c2_bm_bist": (93180.5344, 56.54, 5.27),
    "1P_256x8_c3_bm_bist": (17546.88, 11.86, 0.09),
    "1P_4096x16_c3_bm_bist": (257608.512, 65.57, 0.35),
    "1P_4096x8_c3_bm_bist": (146413.44, 37.96, 0.09),
    "1P_512x16_c2_bm_bist": (45309.312, 21.52, 0.34),
    "1P_512x32_c2_bm_bist": (79719.8976, 39.16, 1.33),
    "1P_512x64_c2_bm_bist": (150102.4032, 74.46, 5.28),
    "1P_512x8_c3_bm_bist": (26137.984, 14.08, 0.09),
    "1P_64x64_c2_bm_bist": (50489.1328, 44.77, 5.00),
    "1P_8192x32_c4": (939914.928, 234.83, 1.34),
    "2P_1024x16_c2_bm_bist": (155153.8157, 29.70, 0.34),
    "2P_1024x32_c2_bm_bist": (264167.2813, 53.59, 1.33),
    "2P_256x16_c2_bm_bist": (57520.5515, 16.32, 0.34),
    "2P_256x32_c2_bm_bist": (96266.6251, 29.73, 1.33),
    "2P_256x8_c2_bm_bist": (38147.5147, 9.62, 0.09),
    "2P_512x16_c2_bm_bist": (88481.5997, 21.52, 0.34),
    "2P_512x32_c2_bm_bist": (150650.1373, 39.16, 1.33),
    "2P_512x8_c2_bm_bist": (57397.3309, 12.69, 0.09),
    "2P_64x22_c2": (39383.8661, 16.74, 0.61),
    "2P_64x32_c2": (52620.8821, 23.41, 1.27),
}
"""All macros that the kit has, as their liberty files say: area in µm², energy of an access and of a word at the data
pins in pJ."""

WORK_PJ = FITTED_COSTS / "ihp-sg13g2.json"
"""Energy of each kind of work, in pJ."""
FITTED = "least squares over gate-level runs (python -m experiments.estimate --update)"


def _fitted() -> dict[Work, float]:
    costs: dict[Work, float] = json.loads(WORK_PJ.read_text(encoding="utf-8"))
    return costs


def macro(name: str, area_um2: float, access_pj: float, data_pj: float) -> Macro:
    """A macro by its name, which says all but area and energy.

    Raises:
        ValueError: it is no name of the kit's.
    """
    found = re.fullmatch(r"RM_IHPSG13_([12])P_(\d+)x(\d+)_c\d(_bm_bist)?", name)
    if found is None:
        raise ValueError(f"{name} is no name of a macro of IHP SG13G2: RM_IHPSG13_1P_64x64_c2_bm_bist is one")
    ports, words, width = (int(part) for part in found.groups()[:3])
    masked = found[4] is not None
    core = f"RM_IHPSG13_{ports}P_core_behavioral{'_bm_bist' if masked else ''}{'_ideal' if ports == 2 else ''}"
    return Macro(
        name=name,
        words=words,
        width=width,
        area_um2=area_um2,
        access_pj=access_pj,
        data_pj=data_pj,
        interface=tuple(_port(side, words, width, masked=masked) for side in "AB"[:ports]),
        files=MacroFiles(
            gds=f"{SRAM}/gds/{name}.gds",
            lef=f"{SRAM}/lef/{name}.lef",
            liberty=f"{SRAM}/lib/{name}_{CORNER}.lib",
            verilog=f"{SRAM}/verilog/{name}.v",
            needs=(f"{SRAM}/verilog/{core}.v",),
        ),
    )


def _port(side: str, words: int, width: int, *, masked: bool) -> Port:
    """The delay's pin is high, as the kit's manual recommends; the self-test, which masked macros have, is off."""
    place = (words - 1).bit_length()
    pins = [
        Pin(f"{side}_CLK", "clock"),
        Pin(f"{side}_MEN", "enable"),
        Pin(f"{side}_WEN", "write"),
        Pin(f"{side}_REN", "read"),
        Pin(f"{side}_ADDR", "address", place),
        Pin(f"{side}_DIN", "data in", width),
        Pin(f"{side}_DLY", "constant", value=1),
    ]
    if masked:
        bits = {"CLK": 1, "EN": 1, "MEN": 1, "WEN": 1, "REN": 1, "ADDR": place, "DIN": width, "BM": width}
        pins.append(Pin(f"{side}_BM", "mask", width))
        pins += [Pin(f"{side}_BIST_{name}", "constant", size) for name, size in bits.items()]
    return Port((*pins, Pin(f"{side}_DOUT", "data out", width)))


TARGET = register(
    CellTarget(
        name=KIT,
        process="IHP SG13G2, 130 nm, 1.2 V, 25 °C",
        voltage_v=1.2,
        liberty=CELLS / f"lib/sg13g2_stdcell_{CORNER}.lib",
        lef=CELLS / "lef/sg13g2_stdcell.lef",
        corners={"slow": CELLS / "lib/sg13g2_stdcell_slow_1p08V_125C.lib"},
        macros=MacroKit(
            name=KIT,
            folder=KIT,
            corner=f"*_{CORNER}",
            macros=tuple(macro(f"RM_IHPSG13_{name}", *figures) for name, figures in MACROS.items()),
        ),
        driving_cell="sg13g2_buf_4",
        load_ff=15.0,
        tie_high=CellPin(cell="sg13g2_tiehi", pin="L_HI"),
        tie_low=CellPin(cell="sg13g2_tielo", pin="L_LO"),
        # The library marks it dont_use, so that tools that look for one pass it by.
        clock_gate=ClockGate(cell="sg13g2_lgcp_1", enable="GATE", clock="CLK", output="GCLK"),
        row_um=Figure(value=3.78, source="LEF of the standard cells"),
        site_um=Figure(value=0.48, source="LEF of the standard cells"),
        wire_ff_per_um=Figure(value=0.173, source="OpenROAD's flow scripts, correlated there with extracted layouts"),
        clock_wire_ff_per_um=Figure(
            value=0.145, source="OpenROAD's flow scripts, correlated there with extracted layouts"
        ),
        costs=Costs(
            work_pj={
                work: Figure(value=value, source=FITTED)
                for work, value in json.loads(WORK_PJ.read_text(encoding="utf-8")).items()
            },
            mac_um2=Figure(
                value=5227,
                source="sixteen 8x8 multipliers as 4-input weight-stationary dot products, mapped to sg13g2 standard "
                "cells, typical corner",
            ),
            memory_um2_per_bit=Figure(
                value=5.0,
                source="sg13g2 single-port SRAM macros' liberty files: 512x32 36 pJ 79,700 µm², 1024x32 48 pJ "
                "140,200 µm², 256x8 10 pJ",
            ),
            register_um2_per_bit=Figure(
                value=50.0, source="sg13g2_dfrbpq_1 is 49.0 µm², sg13g2_dfrbp_1 52.6 µm² (liberty file)"
            ),
            multiplexer_um2_per_bit=Figure(value=18.1, source="sg13g2_mux2_1 (liberty file)"),
        ),
    )
)
