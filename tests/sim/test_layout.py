"""Verilog for a layout, with macros or flip-flops for memories: it does what the encoder with arrays does."""

import json
import re

import pytest

from rtl.lint import HARMLESS
from rtl.memory.macros import fit
from rtl.shape.memory_use import held_in
from sim.batch import BatchSimulator
from sim.reads import reads_per_block
from sim.stage import run_layout
from sim.verilate import build_library, lint
from spikecae.design import Design
from synth.targets.find import macro_kit
from tests.sim.conftest import READ_ONCE, emitted, with_longer_blocks


@pytest.fixture(scope="module", params=["ihp-sg13g2", pytest.param("registers", marks=pytest.mark.regress)])
def layout(request, tiny: Design, tmp_path_factory):
    """The small encoder, with macros of both kinds."""
    design = with_longer_blocks(tiny)
    return emitted(design, tmp_path_factory.mktemp("layout"), memories=request.param, parameters="ram")


def text_of(layout) -> str:
    """The Verilog for a layout, with its models."""
    manifest = layout.manifest
    files = [manifest.layout_verilog, *([manifest.models] if manifest.models else [])]
    return "".join((layout.rtl_dir / file).read_text() for file in files)


def test_equals_golden_cycle_for_cycle(layout, models):
    manifest = layout.manifest
    found = run_layout(layout.spec, manifest, layout.rtl_dir, layout.adc, models)
    assert (found.mismatches, found.left_over, found.blocks) == (0, 0, 2 * len(layout.adc))
    ends = []
    for verilog in (manifest.verilog, manifest.layout_verilog):
        library = build_library(layout.rtl_dir / verilog, manifest, models)
        with BatchSimulator(library, manifest, load=layout.load) as simulator:
            simulator.feed(layout.adc)
            simulator.run(len(layout.adc))
            ends.append(simulator.frame_end_cycles.tolist())
            reads = reads_per_block(simulator, layout.adc[:4])
        assert all((reads[name] == 1).all() for name in READ_ONCE)
    assert ends[0] == ends[1]


def test_is_clean_verilog_that_names_what_it_takes_from_the_kit(layout, tmp_path):
    manifest, text = layout.manifest, text_of(layout)
    whole = tmp_path / "whole.v"
    whole.write_text(text)
    assert lint(whole, manifest.top).keys() <= HARMLESS.keys()
    instances = re.findall(r"^  (RM_IHPSG13_\w+) ", text, re.M)
    assert {name: instances.count(name) for name in instances} == manifest.macros
    sources = (layout.rtl_dir / "spike_encoder.f").read_text().split()
    assert sources[0] == manifest.layout_verilog
    from_kit = {source.rpartition("/")[2].removesuffix(".v") for source in sources[1:]}
    assert {name for name in from_kit if "core" not in name} == manifest.macros.keys()
    config = json.loads((layout.rtl_dir / "librelane.json").read_text())
    assert config["VERILOG_FILES"] == [f"dir::{manifest.layout_verilog}"]
    assert config.get("MACROS", {}).keys() == manifest.macros.keys()


def test_macros_are_those_that_synthesis_maps_to(layout):
    """The manifest says of every memory what the generator sees in it."""
    manifest = layout.manifest
    if not manifest.macros:
        assert not re.search(r"^  reg \[\d+:0\] \w+ \[\d+:0\];", text_of(layout), re.M), "an array is left"
        return
    kit = macro_kit(manifest.memories_in_layout)
    assert kit is not None
    grids = [fit(kit.macros, m.use) for m in manifest.memories if held_in(m.use, macros=True) == "macro"]
    expected: dict[str, int] = {}
    for grid in grids:
        assert grid is not None
        for row in grid.rows:
            expected[row.macro.name] = expected.get(row.macro.name, 0) + row.columns
    assert expected == manifest.macros
    assert {macro.ports for macro in kit.macros if macro.name in expected} == {1, 2}
