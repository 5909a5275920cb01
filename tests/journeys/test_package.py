"""The package as strangers get it: built, checked, and used in an empty environment, outside of the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from spikeinterface.core import generate_ground_truth_recording

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(3600)]


def run(*command: object, cwd: Path, status: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin`` of an environment with what builds and checks a package."""
    folder = tmp_path_factory.mktemp("tools")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    pip(folder / "bin", "build", "twine")
    return folder / "bin"


def pip(binaries: Path, *packages: object) -> None:
    """Install, or skip where no index answers."""
    command = [binaries / "pip", "install", "--quiet", *packages]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip(f"pip finds no {', '.join(map(str, packages))}: it needs a package index, over the network")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Wheel and source distribution of what is tracked."""
    source = tmp_path_factory.mktemp("source")
    names = run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    run(tools / "python", "-m", "build", source, cwd=source)
    return sorted((source / "dist").iterdir())


@pytest.fixture(scope="module")
def installed(built: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin`` of an environment with the wheel, without an extra."""
    folder = tmp_path_factory.mktemp("empty")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    (wheel,) = (path for path in built if path.suffix == ".whl")
    pip(folder / "bin", wheel)
    return folder / "bin"


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a codec, blocks, and a recording."""
    folder = tmp_path_factory.mktemp("away")
    shutil.copytree(ROOT / "designs" / "lite_probe", folder / "codec")
    shutil.copy(ROOT / "designs" / "lite_probe.toml", folder / "codec")
    rng = np.random.default_rng(0)
    np.save(folder / "codes.npy", rng.normal(0, 20, (50, 4, 48)).round().astype(np.int16))
    recording, _ = generate_ground_truth_recording(durations=[5.0], sampling_frequency=30_000.0, num_channels=8, seed=0)
    recording.save(folder=folder / "recording", progress_bar=False, verbose=False)
    (recording.get_traces() / 0.195).round().astype(np.int16).tofile(folder / "day.raw")
    np.save(folder / "contacts.npy", recording.get_channel_locations())
    return folder


def test_twine_finds_nothing(tools: Path, built: list[Path]) -> None:
    assert len(built) == 2
    said = run(tools / "twine", "check", "--strict", *built, cwd=built[0].parent)
    assert said.count("PASSED") == 2


def test_it_works_as_far_as_the_extras_go(installed: Path, built: list[Path], away: Path) -> None:
    command, wheel = installed / "spikecae", next(path for path in built if path.suffix == ".whl")
    run(command, "encode", "codes.npy", "x.scae", "--spec", "codec", cwd=away)
    assert "50 of 50 that were written" in run(command, "inspect", "x.scae", cwd=away)
    decode = command, "decode", "x.scae", "out.npz", "--spec", "codec"
    evaluate = command, "evaluate", "recording", "--codec", "codec"
    assert "pip install onnxruntime" in run(*decode, cwd=away, status=1)
    assert "pip install 'spikecae[spikeinterface]'" in run(*evaluate, cwd=away, status=1)
    code = "import spikecae; spikecae.compress"
    assert "pip install 'spikecae[spikeinterface]'" in run(installed / "python", "-c", code, cwd=away, status=1)
    pip(installed, f"{wheel}[decoder]")
    run(*decode, cwd=away)
    pip(installed, f"{wheel}[spikeinterface]")
    assert "SNDR" in run(*evaluate, cwd=away)
    layout = "--sampling-rate", 30_000, "--channels", 8, "--dtype", "int16", "--gain", 0.195, "--probe", "contacts.npy"
    run(command, "compress", "day.raw", "of_raw", "--codec", "codec", *layout, cwd=away)
    sort = *evaluate, "--sort", "tridesclous2"
    assert "pip install 'spikecae[sorting]'" in run(*sort, cwd=away, status=1)
    spikes = "import spikeinterface, spikecae; spikecae.compress(spikeinterface.load('recording'), 'codec', 'made')"
    run(installed / "python", "-c", spikes, cwd=away)
    nwb = command, "nwb", "made", "x.nwb", "--start", "2026-05-01"
    assert "pip install 'spikecae[nwb]'" in run(*nwb, cwd=away, status=1)
    pip(installed, f"{wheel}[nwb,sorting]")
    run(*nwb, cwd=away)
    run(command, "snippets", "x.nwb", "again", "--codec", "codec", cwd=away)
    run(command, "phy", "made", "phy", cwd=away)
    assert "tridesclous2 finds" in run(*sort, cwd=away)
    typed = "import spikecae, pathlib; assert (pathlib.Path(spikecae.__file__).parent / 'py.typed').is_file()"
    run(installed / "python", "-c", typed, cwd=away)
