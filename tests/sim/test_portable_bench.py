"""The bench that runs without the toolkit, in Icarus: a sound encoder passes, a broken one does not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rtl.emit import emit
from sim.testbench.bench import write_bench
from sim.testbench.files import BENCH
from sim.toolchain import available
from spikecae.design import Design
from spikecae.golden import encode
from tests.four_state import without_initial_values
from tests.random_spec import random_adc, random_spec
from tests.sim.conftest import Emitted

pytestmark = pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed")


def said(made: Emitted, folder: Path, verilog: str) -> tuple[int, str]:
    """Exit status and what the bench says of a text, without the toolkit."""
    write_bench(made.spec, made.manifest, made.load, made.adc[:4], folder)
    (folder / "spike_encoder.v").write_text(verilog)
    command = ["iverilog", "-g2012", "-DFATAL", "-o", "bench", BENCH, "spike_encoder.v"]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "bench"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_sound_encoder_passes(encoder: Emitted, loadable: Emitted, tmp_path: Path) -> None:
    """With no value in any register before reset."""
    for made in (encoder, loadable):
        folder = tmp_path / made.manifest.parameters
        folder.mkdir()
        text = without_initial_values((made.rtl_dir / made.manifest.verilog).read_text())
        status, line = said(made, folder, text)
        assert status == 0
        assert re.match(rf"PASS: 143 samples, \d+ bytes, spec {made.spec.hash}\n", line)


@pytest.mark.slow
def test_of_a_neighbourhood_a_wrong_spike_takes_the_others_with_it(tiny: Design, tmp_path: Path) -> None:
    """A chip for a queue, whose blocks are of spikes as they come, fails the bench of one for neighbourhoods."""
    spec, adc = random_spec(tiny, seed=1), random_adc(tiny, blocks=4, seed=2)
    for block, status in (("neighbourhood", 0), ("queue", 1)):
        folder = tmp_path / block
        folder.mkdir()
        hardware = tiny.hardware.model_copy(update={"parameters": "rom"})
        manifest = emit(spec, hardware, folder, block=block)
        bench = manifest.model_copy(update={"block": "neighbourhood"})
        made = Emitted(spec, folder, bench, adc, encode(spec, adc), [])
        text = without_initial_values((folder / manifest.verilog).read_text())
        assert said(made, folder, text)[0] == status


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        (r"word = (\d+)'h\w+;", r"word = \1'h0;"),
        (r"(assign m_axis_tlast = ).*;", r"\1 1'h0;"),
    ],
)
def test_a_broken_encoder_fails(encoder: Emitted, tmp_path: Path, sound: str, broken: str) -> None:
    text = (encoder.rtl_dir / encoder.manifest.verilog).read_text()
    wrong = re.sub(sound, broken, text)
    assert wrong != text
    status, line = said(encoder, tmp_path, wrong)
    assert status == 1
    assert line.startswith("FAIL: ")


def test_it_is_plain_verilog(encoder: Emitted, tmp_path: Path) -> None:
    write_bench(encoder.spec, encoder.manifest, encoder.load, encoder.adc[:4], tmp_path)
    shutil.copy(encoder.rtl_dir / encoder.manifest.verilog, tmp_path)
    command = ["iverilog", "-g2005", "-Wall", "-tnull", BENCH, "spike_encoder.v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [line for line in done.stderr.splitlines() if "timescale" not in line] == []
    with pytest.raises(ValueError, match="1 blocks make no packet of 2; give more"):
        write_bench(encoder.spec, encoder.manifest, encoder.load, encoder.adc[:1], tmp_path)
