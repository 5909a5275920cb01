"""A folder like a checkout's, with the tiny design, in which stages can run and fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.sim.conftest import MODELS

ROOT = Path(__file__).resolve().parents[2]

Flow = Callable[..., subprocess.CompletedProcess[str]]


def run_flow(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment.pop("SPIKECAE_DEBUG", None)
    environment.update(variables)
    if arguments[0] in ("all", "sim"):
        _share_models(folder, arguments)
    command = [sys.executable, "-m", "flow", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _share_models(folder: Path, arguments: Sequence[str]) -> None:
    """Let the build folder have the compiled models of all tests: most of a simulation would go into compiling."""
    option = dict(pairwise(arguments))
    if "--design" in option:
        name = "@".join(option[key] for key in ("--design", "--build") if key in option)
        build, shared = folder / "build" / name, MODELS
        if not (build / "verilated").exists():
            for made in (shared, build):
                made.mkdir(parents=True, exist_ok=True)
            (build / "verilated").symlink_to(shared)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, weights of one epoch, and the spec made from them; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "designs").mkdir()
    shutil.copy(ROOT / "designs" / "tiny.toml", folder / "designs")
    for arguments in (["train", "--epochs", "1"], ["quantize"]):
        done = run_flow(folder, *arguments, "--design", "tiny")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def workspace(trained: Path, tmp_path: Path) -> Path:
    """A copy of ``trained`` for one test."""
    return Path(shutil.copytree(trained, tmp_path / "checkout", symlinks=True))


@pytest.fixture
def flow(workspace: Path) -> Flow:
    """Runs ``python -m flow`` on the tiny design in the workspace."""
    return lambda stage, *arguments, **variables: run_flow(
        workspace, stage, "--design", "tiny", *arguments, **variables
    )
