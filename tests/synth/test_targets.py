"""Targets: what is found, what is said where it is not, and which cells are chosen from a file."""

from pathlib import Path

import pytest

from synth.cells.liberty import LibertyError, read_liberty
from synth.targets.cells import CellPin, CellTarget
from synth.targets.find import cell_target, macro_kit, with_cells
from synth.targets.registry import PROCESSES, register
from tests.synth.small_library import small_library


def test_some_targets_need_no_cells() -> None:
    assert cell_target("generic") is None
    assert cell_target("gates") is None


@pytest.mark.parametrize("name", with_cells())
def test_special_cells_are_in_the_library(name: str) -> None:
    target = with_cells()[name]
    try:
        library = read_liberty(target.file())
    except ValueError as missing:
        pytest.skip(str(missing))
    gate, high, low = target.clock_gate, target.tie_high, target.tie_low
    assert library.voltage_v == target.voltage_v
    if gate is not None:
        assert library.cells[gate.cell].sequential == "clock gate"
        assert set(library.cells[gate.cell].pins) >= {gate.enable, gate.clock, gate.output}
    if high is not None and low is not None:
        assert library.cells[high.cell].pins[high.pin].function == "1"
        assert library.cells[low.cell].pins[low.pin].function == "0"
    assert target.driving_cell in library.cells
    # What is known by name agrees with what would be chosen from the file alone.
    chosen = cells_of_file(target.file())
    assert (chosen.clock_gate, chosen.tie_high, chosen.tie_low) == (gate, high, low)


@pytest.mark.parametrize("name", with_cells())
def test_cells_fit_into_rows(name: str) -> None:
    """The width of a cell, its area over the height of a row, is a whole number of sites: of nearly all, as some
    files have slips of the pen.
    """
    target = with_cells()[name]
    try:
        library = read_liberty(target.file())
    except ValueError as missing:
        pytest.skip(str(missing))
    assert target.row_um is not None
    assert target.site_um is not None
    site = target.row_um.value * target.site_um.value
    sites = [cell.area_um2 / site for cell in library.cells.values()]
    fitting = [count for count in sites if abs(count - round(count)) < 1e-6]
    assert len(fitting) > 0.9 * len(sites)


def test_macros_are_those_of_the_process_named() -> None:
    assert macro_kit("inferred") is macro_kit("registers") is None
    kit = macro_kit("ihp-sg13g2")
    assert kit is not None
    assert kit.name == "ihp-sg13g2"
    for name in ("sky130", "45nm", "nofab"):
        with pytest.raises(ValueError, match=f"no process '{name}' with .* inferred, registers, ihp-sg13g2"):
            macro_kit(name)


def test_names_are_given_once() -> None:
    names = list(PROCESSES)
    for name in ("sky130", "generic", "ice40", "registers"):
        with pytest.raises(ValueError, match=f"a target '{name}' already"):
            register(PROCESSES["45nm"].model_copy(update={"name": name}))
    assert list(PROCESSES) == names


def test_another_corner_is_of_the_same_cells() -> None:
    target = with_cells()["ihp-sg13g2"]
    slow = target.at_corner("slow")
    assert slow.model_copy(update={"liberty": target.liberty}) == target
    try:
        cells = [read_liberty(corner.file()) for corner in (target, slow)]
    except ValueError as missing:
        pytest.skip(str(missing))
    assert cells[0].cells.keys() == cells[1].cells.keys()
    assert cells[0].voltage_v > cells[1].voltage_v
    with pytest.raises(ValueError, match=r"no corner 'fast' .*: slow"):
        target.at_corner("fast")


def cells_of_file(path: Path) -> CellTarget:
    target = cell_target(str(path))
    assert target is not None
    return target


def test_without_pdk_root_the_message_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    with pytest.raises(
        ValueError, match=r"export PDK_ROOT=.*sg13g2_stdcell.*generic and gates need no cell library, but"
    ):
        with_cells()["ihp-sg13g2"].file()
    with pytest.raises(ValueError, match=r"have no power either; cells without PDK_ROOT: osu018, or a Liberty file"):
        with_cells()["ihp-sg13g2"].file()


def test_a_kit_without_the_cells_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    with pytest.raises(ValueError, match=r"target sky130: no .*sky130_fd_sc_hd.*point PDK_ROOT.*generic and gates"):
        with_cells()["sky130"].file()


def test_a_missing_or_broken_liberty_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cells.lib"
    with pytest.raises(ValueError, match=r"no liberty file .*cells\.lib.*generic, gates"):
        cell_target(str(path))
    path.write_text("not a library")
    with pytest.raises(LibertyError, match="take the file from the process kit anew"):
        cell_target(str(path))
    path.write_text(small_library().replace('function : "(A)"', 'function : "(!A)"'))
    with pytest.raises(ValueError, match=r"no buffer cell; give the liberty file of a whole"):
        cell_target(str(path))


def test_special_cells_of_a_liberty_file_are_found(tmp_path: Path) -> None:
    path = tmp_path / "small.lib"
    path.write_text(small_library())
    target = cells_of_file(path)
    assert (target.name, target.voltage_v, target.driving_cell) == ("small", 1.2, "BUF")
    assert (target.tie_high, target.tie_low) == (CellPin(cell="HI", pin="Y"), CellPin(cell="LO", pin="Y"))
    assert target.clock_gate is not None
    assert (target.clock_gate.cell, target.clock_gate.clock, target.clock_gate.enable) == ("GATE", "CK", "E")
    path.write_text(small_library(gate=False, ties=False))
    bare = cells_of_file(path)
    assert (bare.clock_gate, bare.tie_high, bare.tie_low) == (None, None, None)


def test_debian_package_is_named_where_its_files_are_missing() -> None:
    target = with_cells()["osu018"].model_copy(update={"liberty": Path("/nowhere/osu018_stdcells.lib")})
    with pytest.raises(ValueError, match=r"no /nowhere.*apt-get install qflow-tech-osu018"):
        target.file()


def test_a_kit_without_macros_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    assert with_cells()["ihp-sg13g2"].macro_files() == {}
