"""A search on two workers, one of which is killed, one that is interrupted, and what becomes of a trial. Run by
``make journeys``."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flow.commands.app import STOPPED
from spikecae.design import load_design
from tests.flow.conftest import ROOT, run_flow

pytest.importorskip("optuna")
pytestmark = [pytest.mark.journey, pytest.mark.timeout(3600)]
DASK = Path(sys.executable).with_name("dask")
TRIALS = 3


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "designs").mkdir()
    shutil.copy(ROOT / "designs/tiny.toml", tmp_path / "designs")
    return tmp_path


@pytest.fixture
def cluster(checkout: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Address of a scheduler on loopback, and its two workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([str(DASK), *arguments], cwd=checkout, env=environment, stderr=subprocess.DEVNULL)

    worker = ("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    started = [start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")]
    started += [start(*worker), start(*worker)]
    yield address, started[1:]
    for process in started:
        process.terminate()
        process.wait()


def test_a_lost_worker_loses_nothing(checkout: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]) -> None:
    address, workers = cluster
    asked = ["explore", "--design", "tiny", "--family", "resnext", "--epochs", "1", "--trials", str(TRIALS)]
    command = [sys.executable, "-m", "flow", *asked, "--scheduler", address]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    front = checkout / "build/tiny/explore/front.json"
    with subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True) as searching:
        while not front.is_file():
            assert searching.poll() is None
            time.sleep(0.5)
        workers[0].send_signal(signal.SIGKILL)
        said, _ = searching.communicate()
    assert searching.returncode == 0, said
    found = json.loads(front.read_bytes())
    assert len(found["trials"]) >= TRIALS
    best = next(trial for trial in found["trials"] if trial["best"])
    done = run_flow(checkout, "adopt", str(best["number"]), "--design", "tiny", "--name", "adopted")
    assert done.returncode == 0, done.stderr
    assert load_design(checkout / "designs/adopted.toml").encoder.features == best["design"]["encoder"]["features"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What a shell starts in the background ignores an interrupt, and so does what that starts; here nothing does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_stops_workers_of_this_machine_and_the_search_goes_on(checkout: Path) -> None:
    """As a terminal does it: the interrupt goes to the search and to its workers, after the first trial."""
    asked = ["explore", "--design", "tiny", "--family", "resnext", "--epochs", "1", "--trials", str(TRIALS), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    front = checkout / "build/tiny/explore/front.json"
    with subprocess.Popen(
        [sys.executable, "-m", "flow", *asked],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as searching:
        while not front.is_file():
            assert searching.poll() is None
            time.sleep(0.2)
        os.killpg(searching.pid, signal.SIGINT)
        told, said = searching.communicate()
    assert searching.returncode == STOPPED, said
    assert told == ""
    assert "the same command goes on from there" in said
    before = {trial["number"]: trial["figures"] for trial in json.loads(front.read_bytes())["trials"]}
    assert 0 < len(before) < TRIALS
    done = run_flow(checkout, *asked)
    assert done.returncode == 0, done.stderr
    after = {trial["number"]: trial["figures"] for trial in json.loads(done.stdout)["trials"]}
    assert len(after) == TRIALS
    assert before.items() <= after.items()
