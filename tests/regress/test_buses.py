"""Small chips between third-party models of their buses, on both simulators: idle cycles, back-pressure, full rate,
resets anywhere, and no unknown level. Run by ``make regress``."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rtl.emit import emit
from sim.cocotb_run import run_bench
from sim.regress.buses import BusResults
from sim.toolchain import available
from spikecae.design import Design
from spikecae.files import write_text
from spikecae.spec import EncoderSpec
from tests.four_state import without_initial_values
from tests.linear_spec import linear_adc, random_linear_spec
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware

pytestmark = [pytest.mark.regress, pytest.mark.timeout(3600)]

BUILD = Path(__file__).parents[2] / "build" / "regress" / "cocotb"
"""Where the table of ``make regress`` finds what came of it."""
CHIPS = ("convolutions loaded", "events built in")
TESTS = {"verilator": 14, "icarus": 15}
"""Only the latter knows of unknown levels."""
BLOCKS = 4


@dataclass(frozen=True)
class Made:
    """A chip's Verilog, and what it is made of."""

    spec: EncoderSpec
    adc: np.ndarray
    rtl_dir: Path

    def text(self) -> str:
        """With no value in any register before reset."""
        return without_initial_values((self.rtl_dir / "spike_encoder.v").read_text(encoding="utf-8"))

    def run(self, simulator: str, text: str, folder: Path, models: Path) -> tuple[dict[str, int], int, int]:
        """What the bench counted with a text, and how many of its tests passed and failed."""
        folder.mkdir(parents=True)
        for name in ("manifest.json", "load.json"):
            if (self.rtl_dir / name).is_file():
                shutil.copy(self.rtl_dir / name, folder)
        (folder / "spike_encoder.v").write_text(text, encoding="utf-8")
        done = run_bench(simulator, self.spec, folder, self.adc, models, blocks=BLOCKS, module="tests.sim.buses.bench")
        path = models / f"cocotb-{simulator}" / "counts.json"
        counts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return counts, done.passed, done.failed


@pytest.fixture(scope="module", params=CHIPS)
def made(request: pytest.FixtureRequest, tiny: Design, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Made]:
    folder = tmp_path_factory.mktemp("rtl")
    if request.param == CHIPS[0]:
        spec, adc = random_spec(tiny, 1), random_adc(tiny, BLOCKS, 2)
        emit(spec, tiny.hardware.model_copy(update={"parameters": "ram"}), folder)
    else:
        spec = random_linear_spec(3, 16, 4, joint=True, classes=1, seed=1)
        adc = linear_adc(spec, BLOCKS, 2)
        emit(spec, hardware(4, packet_blocks=4), folder, block="neighbourhood")
    return request.param, Made(spec, adc, folder)


@pytest.mark.parametrize("simulator", TESTS)
def test_a_chip_between_bus_models(made: tuple[str, Made], simulator: str, models: Path, tmp_path: Path) -> None:
    if simulator == "icarus" and not available("iverilog"):
        pytest.skip("iverilog is not installed")
    kind, chip = made
    counts, passed, failed = chip.run(simulator, chip.text(), tmp_path / "run", models)
    found = BusResults(chip=kind, simulator=simulator, passed=passed, failed=failed, counts=counts)
    print(found)
    write_text(BUILD / f"{kind}-{simulator}.json", found.model_dump_json(indent=1) + "\n")
    assert (passed, failed) == (TESTS[simulator], 0)


FAULTS = {
    "every byte is marked as its packet's last": (r"(assign m_axis_tlast = ).*;", r"\1 1'h1;"),
    "a stall is not counted": (r"(count_output_stalls\S* \+ )1'h1", r"\g<1>1'h0"),
    "a reset leaves the number of packets": (r"(?s)(= \\sequence ;.*?)16'h0000;", r"\1\\sequence ;"),
}


@pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_chip_fails(made: tuple[str, Made], fault: str, models: Path, tmp_path: Path) -> None:
    _, chip = made
    sound, broken = FAULTS[fault]
    text = re.sub(sound, broken, chip.text())
    assert text != chip.text()
    _, _, failed = chip.run("icarus", text, tmp_path / "run", models)
    assert failed > 0
