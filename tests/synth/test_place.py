"""Placing: small circuits with a best placement made by hand, what is legal, and how long a wire is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from rtl.memory.kit import Macro
from sim.toolchain import available
from synth.cells.lef import Outline, read_lef
from synth.gates.netlist import Netlist, read_netlist
from synth.place.blocks import GRID_UM, Blocks, MacroRow, blocks_of, in_grid
from synth.place.def_file import def_text
from synth.place.floorplan import Floorplan, floorplan
from synth.place.placement import Placement, check_legal, load_placement, save_placement
from synth.place.placer import place_cells
from synth.place.spanning import spanning_lengths
from synth.place.steiner import CORRECTION, steiner_factor
from synth.place.wires import DETOUR, half_perimeters, wire_lengths
from tests.synth.gate_library import gate_library
from tests.synth.new_process import TARGET
from tests.synth.test_gate_simulator import cell, module

needs_placer = pytest.mark.skipif(not available("coloquinte"), reason="coloquinte is not installed")

ROW_UM, SITE_UM, DENSITY = 4.0, 0.5, 0.7
CELL = Outline(2.0, ROW_UM, {"A": (0.5, 1.0), "B": (1.0, 3.0), "Y": (1.5, 2.0)})
OUTLINES = {"INV": CELL, "NAND": CELL}


def chain(length: int) -> dict[str, Any]:
    """Inverters in a row, from a port to a port."""
    return module({"a": [2], "y": [2 + length]}, {f"i{n}": cell("INV", A=2 + n, Y=3 + n) for n in range(length)})


def mesh(side: int) -> dict[str, Any]:
    """Gates on a square, each driving those to the right and above."""

    def net(column: int, row: int) -> int | str:
        return "0" if column < 0 or row < 0 else 10 + row * side + column

    cells = {
        f"g{column}_{row}": cell("NAND", A=net(column - 1, row), B=net(column, row - 1), Y=net(column, row))
        for row in range(side)
        for column in range(side)
    }
    return module({}, cells)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[dict[str, Any]], tuple[Netlist, Blocks, Floorplan]]:
    def found(top: dict[str, Any]) -> tuple[Netlist, Blocks, Floorplan]:
        netlist = read_netlist({"top": top}, "top", gate_library(tmp_path))
        blocks = blocks_of(netlist, OUTLINES, {}, SITE_UM)
        return netlist, blocks, floorplan(blocks, in_grid(ROW_UM), in_grid(SITE_UM), DENSITY)

    return found


def placed(netlist: Netlist, blocks: Blocks, plan: Floorplan, seed: int = 1) -> Placement:
    return pulled(netlist, blocks, plan, np.ones(netlist.nets), seed)


def pulled(netlist: Netlist, blocks: Blocks, plan: Floorplan, pull: NDArray[np.float64], seed: int = 1) -> Placement:
    units = netlist.units
    return place_cells(blocks, plan, pull=pull, units=units, seed=seed, progress=lambda step, done, total: None)


def elsewhere(placement: Placement, x: NDArray[Any], y: NDArray[Any], plan: Floorplan) -> Placement:
    """The same with the cells at other sites and rows."""
    down = placement.upside_down.copy()
    down[: len(x)] = y % 2 == 1
    at = (placement.x.copy(), placement.y.copy())
    at[0][: len(x)], at[1][: len(y)] = x * plan.site, y * plan.row
    return replace(placement, x=at[0], y=at[1], upside_down=down)


def by_chance(placement: Placement, plan: Floorplan, cells: int) -> Placement:
    """Cells at random slots of four sites."""
    slots = plan.width // plan.site // 4
    chosen = np.random.default_rng(1).permutation(slots * (plan.height // plan.row))[:cells]
    return elsewhere(placement, chosen % slots * 4, chosen // slots, plan)


@needs_placer
def test_a_chain_is_nearly_as_short_as_by_hand(read: Callable[..., tuple[Netlist, Blocks, Floorplan]]) -> None:
    """By hand: row after row, to and fro, without the room between cells that the placer has to leave."""
    netlist, blocks, plan = read(chain(100))
    found = placed(netlist, blocks, plan)
    in_row = plan.width // plan.site // 4
    step, row = np.arange(100) % in_row, np.arange(100) // in_row
    by_hand = elsewhere(found, np.where(row % 2, in_row - 1 - step, step) * 4, row, plan)
    check_legal(blocks, plan, by_hand)
    lengths = [half_perimeters(blocks, one, netlist.nets).sum() for one in (found, by_hand)]
    chance = half_perimeters(blocks, by_chance(found, plan, 100), netlist.nets).sum()
    assert lengths[0] < min(2 * lengths[1], chance / 3)


@needs_placer
def test_nets_that_pull_more_are_shorter(read: Callable[..., tuple[Netlist, Blocks, Floorplan]]) -> None:
    netlist, blocks, plan = read(mesh(12))
    some = np.random.default_rng(0).random(netlist.nets) < 0.2
    found = [pulled(netlist, blocks, plan, np.where(some, pull, 1.0)) for pull in (1.0, 8.0)]
    lengths = [half_perimeters(blocks, one, netlist.nets)[some].sum() for one in found]
    assert lengths[1] < 0.95 * lengths[0]


@needs_placer
def test_a_mesh_is_nearly_as_short_as_by_hand(read: Callable[..., tuple[Netlist, Blocks, Floorplan]]) -> None:
    """By hand: as it is drawn, each gate in its row and column."""
    side = 9
    netlist, blocks, plan = read(mesh(side))
    found = placed(netlist, blocks, plan)
    at = np.arange(side * side)
    by_hand = elsewhere(found, at % side * 5, at // side, plan)
    lengths = [half_perimeters(blocks, one, netlist.nets).sum() for one in (found, by_hand)]
    chance = half_perimeters(blocks, by_chance(found, plan, side * side), netlist.nets).sum()
    assert lengths[0] < min(1.5 * lengths[1], chance / 2)


@needs_placer
def test_the_same_seed_places_the_same(read: Callable[..., tuple[Netlist, Blocks, Floorplan]], tmp_path: Path) -> None:
    first, again = (placed(*read(mesh(6))) for _ in range(2))
    save_placement(tmp_path / "placement.npz", first)
    stored = load_placement(tmp_path / "placement.npz")
    for name in ("die", "x", "y", "upside_down"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(again, name))


def test_what_is_not_legal_is_refused(read: Callable[..., tuple[Netlist, Blocks, Floorplan]]) -> None:
    netlist, blocks, plan = read(chain(3))
    legal = Placement(
        die=np.array([plan.width, plan.height, plan.row, plan.site], dtype=np.int32),
        counts=np.array([3, 0], dtype=np.int32),
        x=np.array([0, 400, 0, *plan.x], dtype=np.int32),
        y=np.array([0, 0, 800, *plan.y], dtype=np.int32),
        width=blocks.width,
        height=blocks.height,
        upside_down=np.zeros(blocks.count, dtype=bool),
        unit=blocks.unit,
        units=np.array(netlist.units),
    )
    check_legal(blocks, plan, legal)
    for x, y, fault in ((-100, 0, "outside"), (300, 0, "on another"), (450, 0, "on a site"), (0, 100, "in a row")):
        moved = replace(legal, x=np.array([0, x, 0, *plan.x]), y=np.array([0, y, 800, *plan.y]))
        with pytest.raises(ValueError, match=fault):
            check_legal(blocks, plan, moved)


def test_a_density_that_is_none_is_refused(read: Callable[..., tuple[Netlist, Blocks, Floorplan]]) -> None:
    _, blocks, plan = read(chain(3))
    with pytest.raises(ValueError, match=r"density is 1.2, must be above 0 and at most 1"):
        floorplan(blocks, plan.row, plan.site, 1.2)


def test_wires_of_a_net_by_hand(read: Callable[..., tuple[Netlist, Blocks, Floorplan]]) -> None:
    """Two inverters side by side: from output to input, in µm; upside down, pins lie at the other side."""
    netlist, blocks, plan = read(chain(2))
    placement = Placement(
        die=np.array([plan.width, plan.height, plan.row, plan.site], dtype=np.int32),
        counts=np.array([2, 0], dtype=np.int32),
        x=np.array([0, 2000, *plan.x], dtype=np.int32),
        y=np.array([0, 800, *plan.y], dtype=np.int32),
        width=blocks.width,
        height=blocks.height,
        upside_down=np.array([False, True, False, False]),
        unit=blocks.unit,
        units=np.array(netlist.units),
    )
    net = int(netlist.pins[0, 1])
    # From (1.5, 2) to (10 + 0.5, 4 + 4 - 1).
    assert half_perimeters(blocks, placement, netlist.nets)[net] == pytest.approx(9.0 + 5.0)
    assert wire_lengths(blocks, placement, netlist.nets)[net] == pytest.approx(14.0 * DETOUR.value)


@pytest.mark.parametrize("pins", [2, 3, 5, 12, 40, 200, 500])
def test_factors_lie_between_the_bounds_of_spanning_trees(pins: int) -> None:
    """The shortest tree is no longer than that without added points, and no less than two thirds of it (Hwang 1976)."""
    draw, ratios = np.random.default_rng(pins), []
    for _ in range(200 if pins < 50 else 5):
        points = draw.random((pins, 2))
        spanning = float(minimum_spanning_tree(cdist(points, points, "cityblock")).sum())
        ratios.append(spanning / float(np.ptp(points, axis=0).sum()))
    (factor,) = steiner_factor(np.array([pins]))
    assert spanning_lengths(np.array([0, pins]), *(points.T * 1e9).astype(np.int64)) == pytest.approx([spanning * 1e9])
    assert np.mean(ratios) / 1.5 <= factor <= np.mean(ratios) + 1e-9


def test_the_table_of_factors_is_whole() -> None:
    assert len(CORRECTION) == 50
    assert steiner_factor(np.array([1, 4, 50])).tolist() == [1.0, 1.0828, 2.7933]
    assert steiner_factor(np.array([200]))[0] == pytest.approx(2 * 2.7933)


def test_lef_gives_sizes_and_pins(tmp_path: Path) -> None:
    path = tmp_path / "cells.lef"
    path.write_text(
        "PROPERTYDEFINITIONS\n  MACRO kind STRING ;\nEND PROPERTYDEFINITIONS\n"
        "MACRO NAND\n  ORIGIN 0.5 0 ;\n  SIZE 2 BY 4 ;\n"
        "  PIN A\n    PORT\n      LAYER M1 ;\n        RECT 0 1 0.5 2 ; # left\n        RECT 0.5 1 1 2 ;\n"
        "    END\n  END A\n"
        "  OBS\n    LAYER M1 ;\n      RECT 0 0 9 9 ;\n  END\nEND NAND\nEND LIBRARY\n"
    )
    outline = read_lef(path)["NAND"]
    assert (outline.width_um, outline.height_um, outline.pins) == (2.0, 4.0, {"A": (1.0, 1.5)})
    path.write_text("MACRO NAND\n SIZE 2 BY 4 ;\n")
    with pytest.raises(ValueError, match="is not a whole LEF file"):
        read_lef(path)


def with_macros(folder: Path, count: int) -> tuple[Netlist, Blocks]:
    """A memory in ``count`` macros, one above the other, whose output goes through an inverter to a port."""
    words = _macro().words * count
    bits = (words - 1).bit_length()
    address, data = list(range(100, 100 + bits)), list(range(200, 200 + 4))
    sizes = {"RD_PORTS": 1, "WR_PORTS": 1, "WIDTH": 4, "ABITS": bits, "SIZE": words}
    sizes |= {"RD_CLK_ENABLE": 1, "RD_TRANSPARENCY_MASK": 0, "OFFSET": 0}
    pins = {"RD_EN": [3], "RD_ADDR": address, "RD_DATA": data, "WR_EN": [4] * 4, "WR_ADDR": address, "WR_DATA": data}
    pins |= {"RD_CLK": [2], "WR_CLK": [2]}
    memory = {
        "type": "$mem_v2",
        "parameters": {name: format(value, "b") for name, value in sizes.items()},
        "connections": pins,
    }
    cells = {f"i{n}": cell("INV", A=200 + n % 4, Y=300 + n) for n in range(60)}
    ports = {"read": [3], "write": [4], "at": address, "out": list(range(300, 360))}
    netlist = read_netlist({"top": module(ports, {"m": memory, **cells})}, "top", gate_library(folder))
    row = MacroRow(_macro(), Outline(12.0, 18.0, {"dout1[3]": (3.0, 0.0)}), 1)
    return netlist, blocks_of(netlist, OUTLINES, {"m": [row] * count}, SITE_UM)


def _macro() -> Macro:
    assert TARGET.macros is not None
    return next(macro for macro in TARGET.macros.macros if macro.ports == 2)


@needs_placer
def test_macros_lie_at_the_edges_and_nothing_on_them(tmp_path: Path) -> None:
    netlist, blocks = with_macros(tmp_path, 4)
    plan = floorplan(blocks, in_grid(ROW_UM), in_grid(SITE_UM), DENSITY)
    found = placed(netlist, blocks, plan)  # refuses cells that lie on a macro
    macros = slice(blocks.cells, blocks.cells + blocks.macros)
    assert blocks.macros == 4
    bottom, top = found.y[macros], found.y[macros] + blocks.height[macros]
    assert all((bottom == 0) | (top == plan.height))
    # All is connected: the read and the write address, enables and data of each macro.
    taken = np.bincount(blocks.block, minlength=blocks.count)[macros]
    bits = len(netlist.ports["at"])
    assert taken.tolist() == [2 * bits + 2 * 4 + 2] * 4
    # Each has its pins in the middle or below it; they look inwards.
    assert (found.upside_down[macros] == (bottom == 0)).all()


@needs_placer
def test_klayout_opens_the_def_file(tmp_path: Path) -> None:
    """With a LEF file of the cells, everything lies where the placement has it."""
    db = pytest.importorskip("klayout.db")
    netlist, blocks = with_macros(tmp_path, 2)
    plan = floorplan(blocks, in_grid(ROW_UM), in_grid(SITE_UM), DENSITY)
    found = placed(netlist, blocks, plan)
    (tmp_path / "top.def").write_text(def_text("top", blocks, plan, found))
    shapes = ""
    for n, kind in enumerate(blocks.kinds[:-1]):
        wide, high = (side[blocks.kind == n][0] * GRID_UM for side in (blocks.width, blocks.height))
        shapes += f"MACRO {kind}\n  CLASS CORE ;\n  ORIGIN 0 0 ;\n  SIZE {wide} BY {high} ;\nEND {kind}\n"
    (tmp_path / "cells.lef").write_text(f"VERSION 5.8 ;\n{shapes}END LIBRARY\n")
    options = db.LoadLayoutOptions()
    options.lefdef_config.lef_files = [str(tmp_path / "cells.lef")]
    options.lefdef_config.read_lef_with_def = False
    layout = db.Layout()
    layout.read(str(tmp_path / "top.def"), options)
    top = layout.cell("top")
    drawn = [(inst.cell.name, inst.bbox()) for inst in top.each_inst()]
    to_grid = layout.dbu / GRID_UM
    at = sorted((name, round(box.left * to_grid), round(box.bottom * to_grid)) for name, box in drawn)
    solid = range(blocks.cells + blocks.macros)
    assert at == sorted((blocks.kinds[blocks.kind[n]], int(found.x[n]), int(found.y[n])) for n in solid)
