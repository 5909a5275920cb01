"""Buffers for wide nets: what drives what, traced back."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from synth.cells.liberty import Library, read_liberty
from synth.mapping.fanout import MOST_PINS, buffer_wide_nets
from tests.synth.small_library import small_library

CLOCK, DATA, STORED, HIGH, FIRST = 2, 3, 4, 5, 6


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "small.lib").write_text(small_library())
    return read_liberty(tmp_path / "small.lib")


def netlist(loads: int) -> dict[str, Any]:
    """A flip-flop that drives gates, whose other input is tied, and as many flip-flops behind them."""
    cells: dict[str, Any] = {
        "stored": {"type": "DFF", "connections": {"CK": [CLOCK], "D": [DATA], "Q": [STORED]}},
        "high": {"type": "HI", "connections": {"Y": [HIGH]}},
    }
    for load in range(loads):
        between, out = FIRST + 2 * load, FIRST + 2 * load + 1
        cells[f"gate{load}"] = {"type": "NAND", "connections": {"A": [STORED], "B": [HIGH], "Y": [between]}}
        cells[f"behind{load}"] = {"type": "DFF", "connections": {"CK": [CLOCK], "D": [between], "Q": [out]}}
    ports = {"clk": {"direction": "input", "bits": [CLOCK]}, "d": {"direction": "input", "bits": [DATA]}}
    return {"top": {"ports": ports, "cells": cells}}


def pins_of(cells: dict[str, Any]) -> Counter[int]:
    """Pins that each net drives."""
    outputs = {"Q", "Y", "GCK"}
    return Counter(
        bits[0] for cell in cells.values() for pin, bits in cell["connections"].items() if pin not in outputs
    )


@pytest.mark.parametrize(("loads", "buffers"), [(MOST_PINS, 0), (MOST_PINS + 1, 2), (100, 4), (1100, 35 + 2)])
def test_no_net_drives_more(library: Library, loads: int, buffers: int) -> None:
    modules = netlist(loads)
    assert buffer_wide_nets(modules, library, "BUF") == ({"top": buffers} if buffers else {})
    cells = modules["top"]["cells"]
    driven = pins_of(cells)
    assert (driven.pop(CLOCK), driven.pop(HIGH)) == (loads + 1, loads)
    assert max(driven.values()) <= MOST_PINS
    behind = {
        cell["connections"]["Y"][0]: cell["connections"]["A"][0] for cell in cells.values() if cell["type"] == "BUF"
    }
    assert len(behind) == buffers
    for load in range(loads):
        net = cells[f"gate{load}"]["connections"]["A"][0]
        while net in behind:
            net = behind[net]
        assert net == STORED


def test_an_input_of_a_unit_is_buffered_in_it(library: Library) -> None:
    modules = netlist(1)
    cells = modules["top"]["cells"]
    for load in range(50):
        cells[f"word{load}"] = {"type": "DFF", "connections": {"CK": [CLOCK], "D": [DATA], "Q": [1000 + load]}}
    assert buffer_wide_nets(modules, library, "BUF") == {"top": 2}
    assert pins_of(cells)[DATA] == 2
