"""The emitted Verilog and its manifest."""

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Fragment
from amaranth.lib.memory import Memory

from rtl.constraints import period_ns
from rtl.emit import emit
from rtl.files import WAIVERS
from rtl.lint import HARMLESS
from rtl.manifest import Manifest
from rtl.memory.sized import use_of
from rtl.planning import make_plan
from rtl.shape.memory_use import MemoryUse
from rtl.spike_compressor import SpikeCompressor
from sim.toolchain import environment
from sim.verilate import lint
from spikecae.design import Design, load_design
from tests.planted import BAND, front_end
from tests.random_spec import random_spec
from tests.rtl.shapes import hardware


@pytest.fixture(scope="module")
def emitted(tiny: Design, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rtl")
    emit(random_spec(tiny, 1), tiny.hardware, folder)
    return folder


def test_manifest_reads_back(emitted: Path) -> None:
    manifest = Manifest.model_validate_json((emitted / "manifest.json").read_text())
    assert [port.name for port in manifest.ports if port.direction == "out"] == [
        "s_axis_tready",
        "m_axis_tdata",
        "m_axis_tvalid",
        "m_axis_tlast",
        *(f"s_axil_{name}" for name in ("awready", "wready", "bresp", "bvalid", "arready", "rdata", "rresp", "rvalid")),
        "clock_request",
    ]
    weights = next(memory for memory in manifest.memories if memory.name == "chip.encoder.store.weights")
    # 4 groups of: conv 8, reduce 8, conv 12 in 2 words, expand 8, twice, project 16 bytes in 2 words
    assert (weights.words, weights.width) == (4 * (1 + 2 * (1 + 2 + 1) + 2), 64)


def memories_are_as_stated(manifest: Manifest, text: str) -> bool:
    """Whether the arrays and tables in the Verilog are the memories of the manifest, one by one."""
    found, tables = set(), {}
    for module, body in re.findall(r"^module \\\\?(\S+) .*?$(.*?)^endmodule", text, re.M | re.S):
        for high, array, last in re.findall(r"^  reg \[(\d+):0\] (\w+) \[(\d+):0\];", body, re.M):
            found.add((module, array, int(last) + 1, int(high) + 1))
        tables[module] = (
            {int(width) for width in re.findall(r"^ +word = (\d+)'", body, re.M)},
            body.count(" word = "),
        )
    arrays = {(f"{manifest.top}.{m.name}", m.array, m.words, m.width) for m in manifest.memories if m.kind == "ram"}
    constant = [m for m in manifest.memories if m.kind == "rom"]
    return found == arrays and all(
        tables[f"{manifest.top}.{m.name}.{m.array}"] == ({m.width}, m.words) for m in constant
    )


def test_every_memory_is_an_array_of_the_stated_size(emitted: Path) -> None:
    manifest = Manifest.model_validate_json((emitted / "manifest.json").read_text())
    assert memories_are_as_stated(manifest, (emitted / "spike_encoder.v").read_text())


@pytest.mark.slow
def test_a_front_end_gives_a_compressor_beside_the_encoder(tiny: Design, tmp_path: Path, emitted: Path) -> None:
    made, made_of = front_end(24, 2, samples=tiny.block.samples, band_pass=BAND), random_spec(tiny, 1)
    emit(made_of, tiny.hardware, tmp_path, made)
    assert (tmp_path / "spike_encoder.v").read_bytes() == (emitted / "spike_encoder.v").read_bytes()
    modules = set(re.findall(r"^module \\?(\S+) ?\(", (tmp_path / "spike_compressor.v").read_text(), re.M))
    assert {"spike_compressor", "spike_compressor.compressor.detector", "spike_compressor.compressor.chip"} <= modules
    assert lint(tmp_path / "spike_compressor.v", "spike_compressor").keys() <= HARMLESS.keys()
    manifest = Manifest.model_validate_json((tmp_path / "compressor.json").read_text())
    assert {unit.module for unit in manifest.units} <= modules
    assert memories_are_as_stated(manifest, (tmp_path / "spike_compressor.v").read_text())
    names = [memory.name for memory in manifest.memories if ".detector." in memory.name]
    assert len(names) == len(set(names)), "what holds a memory is told by its name"
    assert {"compressor.detector.filter", "compressor.detector.noise"} <= set(names)
    tables = {memory.name for memory in manifest.memories if memory.role == "parameters"}
    assert tables == {f"compressor.chip.encoder.store.{name}" for name in make_plan(made_of, tiny.hardware).images}


class Uses:
    """What the memories of a design are used for, noted as Amaranth elaborates it."""

    def __init__(self) -> None:
        self.seen: Counter[MemoryUse] = Counter()

    def get_memory(self, memory: Memory) -> Any:
        """Called by Amaranth for each memory."""
        if memory.write_ports:
            self.seen[use_of(memory)] += 1
        return Memory.elaborate(memory, None)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 24])
def test_every_memory_is_used_as_stated(tiny: Design, tmp_path: Path, channels: int) -> None:
    """How many accesses come in a cycle, above all, decides on the macros that hold it."""
    spikes = tiny.block.spikes if channels > 1 else 0
    made, spec = front_end(channels, spikes, samples=tiny.block.samples, band_pass=BAND), random_spec(tiny, 1)
    emit(spec, tiny.hardware, tmp_path, made)
    uses = Uses()
    Fragment.get(SpikeCompressor(made, make_plan(spec, tiny.hardware)), uses)
    manifest = Manifest.model_validate_json((tmp_path / "compressor.json").read_text())
    assert Counter(memory.use for memory in manifest.memories if memory.kind == "ram") == uses.seen
    assert {use.ports for use in uses.seen} >= {1, 2}


@pytest.mark.slow
def test_verilator_has_nothing_to_say_beside_the_waivers(tiny: Design, tmp_path: Path) -> None:
    emit(random_spec(tiny, 1), tiny.hardware, tmp_path, front_end(24, 2, samples=tiny.block.samples))
    for top in ("spike_encoder", "spike_compressor"):
        command = ["verilator_bin", "--lint-only", "-Wall", "--top-module", top, WAIVERS, f"{top}.v"]
        done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    waived = re.findall(r"^lint_off -rule (\w+)", (tmp_path / WAIVERS).read_text(), re.M)
    assert set(waived) == HARMLESS.keys()


def test_same_spec_same_verilog(emitted: Path, tiny: Design, tmp_path: Path) -> None:
    emit(random_spec(tiny, 1), tiny.hardware, tmp_path)
    assert (tmp_path / "spike_encoder.v").read_bytes() == (emitted / "spike_encoder.v").read_bytes()


def test_modules_of_all_units_and_memories_exist(emitted: Path) -> None:
    manifest = json.loads((emitted / "manifest.json").read_text())
    modules = set(re.findall(r"^module \\?(\S+) ", (emitted / "spike_encoder.v").read_text(), re.M))
    assert {unit["module"] for unit in manifest["units"]} <= modules


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing: apt-get install iverilog")
def test_icarus_reads_it_as_verilog_2005(emitted: Path) -> None:
    command = ["iverilog", "-g2005", "-Wall", "-tnull", str(emitted / "spike_encoder.v")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("fold", "multipliers", "cycles"),
    [(1, 232, 1536), (2, 116, 3072), (4, 58, 6144), (8, 29, 12288), (16, 15, 24864)],
)
def test_neuropixels_plan_is_the_designed_one(fold: int, multipliers: int, cycles: int) -> None:
    """32 + 32 + 48 + 32 | (32 + 48 + 32) / 2 | 128 / 4 multipliers at fold 1, 1536 · fold cycles a block.

    At fold 16 every group costs 9 cycles more, 1.2 %: each unit is busy in every cycle, and a window's last output
    shifts the next group. Simulation measures the same.
    """
    design = load_design(Path(__file__).parents[2] / "designs" / "neuropixels.toml")
    plan = make_plan(random_spec(design, 1), hardware(fold))
    assert plan.multipliers == multipliers
    assert plan.encoder_cycles == 1536 * fold
    assert plan.cycles_per_block == cycles <= 1.05 * 1536 * fold
    assert plan.quantizer.search.cycles < 31 * 48 * fold, "the search must not be slower than the encoder"
    assert plan.macs_per_block == 49152 + 172032 + 86016 + 49152
    assert plan.utilisation >= 0.9
    assert (
        sum(-(-dot.group_weight_bits // plan.widths.port_bits) for dot in plan.dots) * plan.widths.port_bits == 8 * 384
    )


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ((2, 3, 6), "stage block0: a residual block must come behind the first convolution"),
        ((1, 1, 6), "stage conv: only the first convolution may stand alone"),
        ((1, 2, 3, 4, 5), "stage vq: a search takes latents, which a projection makes"),
        ((1, 6, 3), "stage pool0: a pool must come behind the first convolution, before the last"),
        ((6,), "stage project: the projection must be 1x1 and ungrouped, behind the first convolution"),
    ],
)
def test_a_list_that_the_hardware_does_not_know_is_refused(tiny: Design, order: tuple[int, ...], reason: str) -> None:
    """Numbers of the stages between source and quantizer; the spec's own checks are passed by."""
    spec = random_spec(tiny, 1)
    stages = (spec.stages[0], *(spec.stages[n] for n in order), *spec.stages[-2:])
    object.__setattr__(spec, "stages", stages)
    with pytest.raises(ValueError, match=reason):
        make_plan(spec, hardware(2))


def test_blocks_of_other_groups_are_refused(tiny: Design) -> None:
    spec = random_spec(tiny, 1)
    one = random_spec(tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update={"groups": 2})}), 1)
    object.__setattr__(spec, "stages", (*spec.stages[:4], *one.stages[4:]))
    with pytest.raises(ValueError, match=r"same groups, these have .*'block0': 4.*'block1': 2"):
        make_plan(spec, hardware(2))


def test_a_residual_block_that_the_hardware_does_not_know_is_refused(tiny: Design) -> None:
    spec = random_spec(tiny, 1)
    block = spec.stages[2]
    conv, expand = block.conv, block.expand
    narrow = replace(conv, weight=conv.weight[:4], bias=conv.bias[:4], weight_exponent=conv.weight_exponent[:4])
    block = replace(block, conv=narrow, expand=replace(expand, weight=expand.weight[:, :1]))
    spec = replace(spec, stages=(*spec.stages[:2], block, *spec.stages[3:]))
    with pytest.raises(ValueError, match=r"stage block0: conv must have as many outputs as inputs, has 4 for 8"):
        make_plan(spec, hardware(2))


def test_more_products_than_cycles_are_refused(tiny: Design) -> None:
    """No word of weights is wide enough to bring them all within a channel group."""
    few = tiny.block.model_copy(update={"samples": 2})
    encoder = tiny.encoder.model_copy(update={"pools": [1, 1]})
    spec = random_spec(tiny.model_copy(update={"block": few, "encoder": encoder}), 1)
    with pytest.raises(ValueError, match=r"8 products take .* but a channel group has 4 cycles; raise hardware\.fold"):
        make_plan(spec, hardware(2))
    assert make_plan(spec, hardware(4)).encoder_cycles > 0


def test_memories_of_one_word_have_an_address(tiny: Design, tmp_path: Path) -> None:
    """One output step of the last convolution is one word of biases; Verilog knows no ports of no bits."""
    design = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update={"features": 1})})
    emit(random_spec(design, 5), design.hardware, tmp_path)
    assert "[-1:0]" not in (tmp_path / "spike_encoder.v").read_text(encoding="utf-8")


def test_what_lies_beside_the_verilog_is_named(emitted: Path) -> None:
    manifest = Manifest.model_validate_json((emitted / "manifest.json").read_text())
    beside = {path.name for path in emitted.iterdir()} - {"manifest.json", manifest.verilog}
    assert set(manifest.files) == beside
    assert (emitted / "spike_encoder.f").read_text().split() == [manifest.verilog]


def test_constraints_and_layout_agree_on_pins_and_clock(emitted: Path, tiny: Design) -> None:
    manifest = Manifest.model_validate_json((emitted / "manifest.json").read_text())
    inputs = {port.name for port in manifest.ports if port.direction == "in"}
    sdc = (emitted / "spike_encoder.sdc").read_text()
    period = 1000 / tiny.hardware.clock_mhz
    assert float(re.search(r"^set period (\S+)$", sdc, re.M)[1]) == period
    assert set(re.findall(r"get_ports (\w+)", sdc)) <= inputs
    config = json.loads((emitted / "librelane.json").read_text())
    assert config["DESIGN_NAME"] == manifest.top
    assert config["CLOCK_PERIOD"] == period
    assert config["CLOCK_PORT"] in inputs
    for path in (*config["VERILOG_FILES"], config["PNR_SDC_FILE"], config["SIGNOFF_SDC_FILE"]):
        assert (emitted / path.removeprefix("dir::")).is_file()


@pytest.mark.parametrize(("mhz", "period"), [(20.0, 50.0), (30.0, 33.333), (1000.0, 1.0), (0.032, 31250.0)])
def test_clock_periods_are_never_longer_than_asked_for(mhz: float, period: float) -> None:
    assert period_ns(mhz) == period


def test_macros_of_a_process_need_its_kit(tiny: Design, tmp_path: Path) -> None:
    hardware = tiny.hardware.model_copy(update={"memories": "ihp-sg13g2"})
    with pytest.raises(ValueError, match=r"takes that process's macros, but none was given; pass its kit"):
        emit(random_spec(tiny, 1), hardware, tmp_path / "rtl")
    assert not (tmp_path / "rtl").exists()
