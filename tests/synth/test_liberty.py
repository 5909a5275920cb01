"""The reader against a library written by hand, and against plain text search in real ones."""

import os
import re
from pathlib import Path

import pytest

from synth.cells.interpolation import look_up
from synth.cells.liberty import LibertyError, read_liberty

HAND = r"""
/* By hand, in units that are not the usual ones. { */
library (hand) {
  capacitive_load_unit (2, ff);
  leakage_power_unit : "10pW";
  voltage_unit : "1V"
  nom_voltage : 1.1; nom_temperature : 85;
  default_input_pin_cap : 3;
  power_lut_template (by_both) {
    variable_1 : total_output_net_capacitance; variable_2 : input_transition_time;
    index_1 ("0, 10"); index_2 ("0, 1, 3");
  }
  type (byte) { base_type : array; data_type : bit; bit_width : 8; bit_from : 7; bit_to : 0; }
  cell (INV) {
    area : 2.5; cell_leakage_power : 7;
    pin (A) { direction : input; capacitance : 1.5; }
    pin (Y) {
      direction : "output"; function : "(!A)";
      timing () { related_pin : "A"; cell_rise (scalar) { values ("9 } 9"); } }
      internal_power () {
        related_pin : "A";
        rise_power (by_both) { values ("0, 1, 3", \
                                       "100, 101, 103"); }
        fall_power (scalar) { values ("50"); }
      }
    }
  }
  cell ("DFF") {
    dont_use : true;
    leakage_power () { when : "CK"; value : 2; }
    leakage_power () { when : "!CK"; value : 4; }
    area : 20;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin ("CK") { direction : input; clock : true; }
    pin (D) { direction : input; capacitance : 1; }
    pin (Q) { direction : output; function : "IQ"; }
  }
  cell (GATE) { area : 9; clock_gating_integrated_cell : "latch_posedge"; }
  cell (LAT) { area : 8; latch (IQ, IQN) { enable : "G"; data_in : "D"; } }
  cell (RAM) {
    area : 999;
    memory () { type : ram; address_width : 5; word_width : 8; }
    bus (D) { bus_type : byte; direction : input; capacitance : 2;
      pin (D[7:0]) { internal_power () { when : "E & !W"; rise_power (scalar) { values ("1"); } } } }
  }
}
"""


@pytest.fixture
def hand(tmp_path: Path) -> Path:
    path = tmp_path / "hand.lib"
    path.write_text(HAND)
    return path


def test_a_library_by_hand(hand: Path) -> None:
    library = read_liberty(hand)
    assert (library.name, library.voltage_v, library.temperature_c) == ("hand", 1.1, 85.0)
    cells = library.cells
    assert {name: cell.area_um2 for name, cell in cells.items()} == {
        "INV": 2.5,
        "DFF": 20,
        "GATE": 9,
        "LAT": 8,
        "RAM": 999,
    }
    kinds = {name: cell.sequential for name, cell in cells.items() if cell.sequential}
    assert kinds == {"DFF": "flip-flop", "GATE": "clock gate", "LAT": "latch"}
    assert cells["INV"].leakage_nw == pytest.approx(0.07)  # 7 times 10 pW
    assert cells["DFF"].leakage_nw == pytest.approx(0.03)  # mean of 2 and 4
    assert [name for name, cell in cells.items() if cell.dont_use] == ["DFF"]
    assert cells["INV"].pins["A"].capacitance_pf == pytest.approx(0.003)  # 1.5 times 2 fF
    assert cells["INV"].pins["Y"].function == "(!A)"
    assert cells["DFF"].pins["CK"].clock
    assert cells["DFF"].pins["CK"].capacitance_pf == pytest.approx(0.006)  # the library's default
    memory = cells["RAM"].memory
    assert memory is not None
    assert (memory.words, memory.width) == (32, 8)
    data = cells["RAM"].pins["D"]
    assert (data.width, data.internal_power[0].when) == (8, "E & !W")


@pytest.mark.parametrize(
    ("slew_ns", "load", "energy"),
    [(0, 0, 0), (1, 0, 1), (2, 0, 2), (2, 5, 52), (3, 10, 103), (9, 99, 103), (-1, -1, 0)],
)
def test_energies_are_interpolated_and_end_at_the_edge(hand: Path, slew_ns: float, load: float, energy: float) -> None:
    (power,) = read_liberty(hand).cells["INV"].pins["Y"].internal_power
    assert power.related_pin == "A"
    assert power.rise is not None
    assert power.fall is not None
    # 2 fF times 1 V squared is 0.002 pJ.
    assert look_up(power.rise, slew_ns, 0.002 * load) == pytest.approx(0.002 * energy)
    assert look_up(power.fall, slew_ns, 0.002 * load) == pytest.approx(0.1)


@pytest.mark.parametrize("end", [0, 40, 700, len(HAND) - 4])
def test_a_broken_library_is_refused(tmp_path: Path, end: int) -> None:
    path = tmp_path / "broken.lib"
    path.write_text(HAND[:end])
    with pytest.raises(LibertyError, match=r"broken\.lib is no Liberty library.*take the file"):
        read_liberty(path)


def test_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.lib"
    path.write_bytes(b"\x1f\x8b\x08\x00<html>404</html>")
    with pytest.raises(LibertyError, match="near line 1"):
        read_liberty(path)


REAL = [
    "ihp-sg13g2/libs.ref/sg13g2_stdcell/lib/sg13g2_stdcell_typ_1p20V_25C.lib",
    "ihp-sg13g2/libs.ref/sg13g2_sram/lib/RM_IHPSG13_1P_512x32_c2_bm_bist_typ_1p20V_25C.lib",
    "sky130A/libs.ref/sky130_fd_sc_hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib",
]


@pytest.mark.parametrize("name", REAL)
def test_real_libraries_have_the_cells_and_areas_that_a_text_search_finds(name: str) -> None:
    root = os.environ.get("PDK_ROOT")
    if not root or not (Path(root) / name).is_file():
        pytest.skip(f"PDK_ROOT has no {name}")
    text = (Path(root) / name).read_text()
    library = read_liberty(Path(root) / name)
    pieces = re.split(r'^\s*cell\s*\(\s*"?([\w]+)"?\s*\)', text, flags=re.MULTILINE)[1:]
    names, bodies = pieces[::2], pieces[1::2]
    areas = [float(area[1]) for body in bodies if (area := re.search(r"^\s*area\s*:\s*([\d.]+)", body, re.MULTILINE))]
    assert {name: cell.area_um2 for name, cell in library.cells.items()} == dict(zip(names, areas, strict=True))
    for name, body in zip(names, bodies, strict=True):
        cell = library.cells[name]
        assert len(re.findall(r"^\s*internal_power\s*\(", body, re.MULTILINE)) == sum(
            len(pin.internal_power) for pin in cell.pins.values()
        )
        assert (cell.sequential == "flip-flop") == bool(re.search(r"^\s*ff\s*\(", body, re.MULTILINE))
        assert sum(pin.clock for pin in cell.pins.values()) == len(re.findall(r'^\s*clock\s*:\s*"?true', body, re.M))
    assert len(names) == len(library.cells) > 0
