"""A process as another one would be added: all of it in this file. Cells as in the small library, and two macros.

Unlike those of the processes that are shipped, its macros are selected and written by pins that are low, have a mask
of bytes, read whenever they do not write, and have a second port that only reads.
"""

from pathlib import Path

from rtl.memory.kit import Macro, MacroFiles, MacroKit, Pin, Port
from synth.targets.cells import CellPin, CellTarget, ClockGate
from tests.synth.small_library import small_library

__all__ = ["ADDRESS_PJ", "READ_PJ", "RESTING_PJ", "SELECTED_PJ", "TARGET", "VERILOG", "WRITE_PJ", "write_kit"]

READ_PJ, WRITE_PJ, RESTING_PJ = 7.0, 9.0, 0.25
ADDRESS_PJ, SELECTED_PJ = 0.5, 100.0
WORDS, WIDTH = 64, 16


def _writing_port(number: int) -> Port:
    return Port(
        (
            Pin(f"clk{number}", "clock"),
            Pin(f"csb{number}", "enable", active_low=True),
            Pin(f"web{number}", "write", active_low=True),
            Pin(f"wmask{number}", "mask", WIDTH // 8),
            Pin(f"addr{number}", "address", 6),
            Pin(f"din{number}", "data in", WIDTH),
            Pin(f"test{number}", "constant", value=1),
            Pin(f"dout{number}", "data out", WIDTH),
        )
    )


READING_PORT = Port(
    (
        Pin("clk1", "clock"),
        Pin("csb1", "enable", active_low=True),
        Pin("addr1", "address", 6),
        Pin("dout1", "data out", WIDTH),
    )
)


def _macro(name: str, area_um2: float, *ports: Port) -> Macro:
    files = MacroFiles(gds=f"{name}.gds", lef=f"{name}.lef", liberty="memories.lib", verilog=f"{name}.v")
    return Macro(name, WORDS, WIDTH, area_um2, (READ_PJ + WRITE_PJ) / 2, 0.0, ports, files)


TARGET = CellTarget(
    name="newfab",
    process="New Fab, 90 nm, 1.2 V",
    voltage_v=1.2,
    liberty=Path("newfab/cells.lib"),
    macros=MacroKit(
        name="newfab",
        folder="newfab",
        corner="*_usual",
        macros=(
            _macro("one_port", 3000.0, _writing_port(0)),
            _macro("two_ports", 5000.0, _writing_port(0), READING_PORT),
        ),
    ),
    driving_cell="BUF",
    load_ff=10.0,
    tie_high=CellPin(cell="HI", pin="Y"),
    tie_low=CellPin(cell="LO", pin="Y"),
    clock_gate=ClockGate(cell="GATE", enable="E", clock="CK", output="GCK"),
)


VERILOG = """
module one_port(input clk0, csb0, web0, input [1:0] wmask0, input [5:0] addr0, input [15:0] din0, input test0,
                output reg [15:0] dout0);
  reg [7:0] low [0:63], high [0:63];
  always @(posedge clk0)
    if (!csb0 && test0) begin
      if (!web0 && wmask0[0]) low[addr0] <= din0[7:0];
      if (!web0 && wmask0[1]) high[addr0] <= din0[15:8];
      if (web0) dout0 <= {high[addr0], low[addr0]};
    end
endmodule

module two_ports(input clk0, csb0, web0, input [1:0] wmask0, input [5:0] addr0, input [15:0] din0, input test0,
                 output reg [15:0] dout0, input clk1, csb1, input [5:0] addr1, output reg [15:0] dout1);
  reg [7:0] low [0:63], high [0:63];
  always @(posedge clk0)
    if (!csb0 && test0) begin
      if (!web0 && wmask0[0]) low[addr0] <= din0[7:0];
      if (!web0 && wmask0[1]) high[addr0] <= din0[15:8];
      if (web0) dout0 <= {high[addr0], low[addr0]};
    end
  always @(posedge clk1)
    if (!csb1) dout1 <= {high[addr1], low[addr1]};
endmodule
"""
"""As the kit would come with it: written by hand, not made from the description above."""


def write_kit(root: Path) -> None:
    """The files that the kit would come with, for ``PDK_ROOT``."""
    folder = root / "newfab"
    folder.mkdir()
    (folder / "cells.lib").write_text(small_library(), encoding="utf-8")
    assert TARGET.macros is not None
    cells = "".join(_cell(macro) for macro in TARGET.macros.macros)
    (folder / "memories.lib").write_text(
        'library (memories) { time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW"; nom_voltage : 1.2;\n'
        f"capacitive_load_unit (1, pf); type (word) {{ bit_width : {WIDTH}; }}\n{cells}}}\n",
        encoding="utf-8",
    )


def _cell(macro: Macro) -> str:
    pins = "".join(_pin(pin) for port in macro.interface for pin in port.pins)
    return (
        f"cell ({macro.name}) {{ area : {macro.area_um2}; cell_leakage_power : 40;\n"
        f"memory () {{ type : ram; address_width : 6; word_width : {WIDTH}; }}\n{pins}}}\n"
    )


def _pin(pin: Pin) -> str:
    side = pin.name[-1]
    inner = ""
    if pin.role == "clock":
        accesses = {f"!csb{side} & web{side}": READ_PJ, f"!csb{side} & !web{side}": WRITE_PJ}
        accesses = accesses if side == "0" else {f"!csb{side}": READ_PJ}
        inner = "clock : true; " + "".join(
            _power(when, pj) for when, pj in {f"csb{side}": RESTING_PJ, **accesses}.items()
        )
    elif pin.role == "address":
        inner = _power(f"csb{side}", ADDRESS_PJ) + _power(f"!csb{side}", SELECTED_PJ)
    kind = "bus" if pin.bits > 1 else "pin"
    direction = "output" if pin.role == "data out" else "input"
    return f"{kind} ({pin.name}) {{ direction : {direction}; capacitance : 0.01; {inner} }}\n"


def _power(when: str, pj: float) -> str:
    """Half at each edge."""
    half = f'(scalar) {{ values ("{pj / 2}"); }}'
    return f'internal_power () {{ when : "{when}"; rise_power {half} fall_power {half} }}\n'
