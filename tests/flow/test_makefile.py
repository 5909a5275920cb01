"""Make's rules: what they call, and what they say where Python is not as needed."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.conftest import ROOT


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def flow_call(*arguments: str) -> list[str]:
    """Arguments of the one ``python -m flow`` that a target calls."""
    done = make("--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    calls = [line for line in done.stdout.splitlines() if " -m flow " in line and "flow.lock" not in line]
    assert len(calls) == 1, done.stdout
    return shlex.split(calls[0])[3:]


def test_plain_make_runs_everything_on_the_default_design() -> None:
    assert flow_call() == ["all", "--design", "neuropixels"]


def test_variables_become_options() -> None:
    call = flow_call(
        "DESIGN=hc1", "DATA=some folder/d 1.mat", "EPOCHS=3", "BLOCKS=8", "WAVES=1", "COCOTB=1", "TARGET=x"
    )
    assert call == [
        *("all", "--design", "hc1", "--data", "some folder/d 1.mat", "--epochs", "3", "--blocks", "8"),
        *("--waves", "--cocotb", "--target", "x"),
    ]
    assert "--waves" not in flow_call("WAVES=0")


def test_what_is_said_of_a_recording_goes_with_it() -> None:
    said = ["DATA=a b.dat", "RAW=its notes.toml", "STREAM=imec0.ap", "PROVENANCE=real"]
    options = ["--data", "a b.dat", "--raw", "its notes.toml", "--stream", "imec0.ap", "--provenance", "real"]
    for stage in ("all", "train", "quantize", "sim"):
        assert flow_call(stage, *said)[1:] == ["--design", "neuropixels", *options]


def test_values_reach_the_command_as_they_were_typed(tmp_path: Path) -> None:
    pwned = tmp_path / "pwned"
    value = f'it\'s a $HOME `touch {pwned}` "$(shell touch {pwned})" ; & #'
    for variable, option in [("DESIGN", "--design"), ("DATA", "--data"), ("TARGET", "--target"), ("BUILD", "--build")]:
        call = flow_call(f"{variable}={value}")
        assert call[call.index(option) + 1] == value
    assert not pwned.exists()
    assert flow_call("DESIGN=") == ["all", "--design", ""]
    assert flow_call("REPLACE=1") == ["all", "--design", "neuropixels", "--replace"]


@pytest.mark.parametrize("stage", ["train", "quantize", "rtl", "sim", "testbench", "synth", "codec", "report"])
def test_every_stage_is_a_target(stage: str) -> None:
    assert flow_call(stage, "DESIGN=tiny") == [stage, "--design", "tiny"]


def test_a_design_is_checked_by_name_or_path() -> None:
    assert flow_call("check", "DESIGN=some folder/x.toml") == ["check", "--", "some folder/x.toml"]


def test_a_search_is_told_what_the_chip_is_for() -> None:
    call = flow_call("explore", "DESIGN=lite", "TRIALS=9", "FAMILY=linear", "CHANNELS=1000", "RATE=30", "AREA=12")
    asked = ["--channels", "1000", "--rate", "30", "--area", "12"]
    assert call == ["explore", "--design", "lite", "--trials", "9", "--family", "linear", *asked]
    assert flow_call("explore", "DESIGN=lite", "SCHEDULER=tcp://a:1")[-2:] == ["--scheduler", "tcp://a:1"]
    assert flow_call("adopt", "DESIGN=lite", "TRIAL=7", "NAME=x") == [
        *("adopt", "--design", "lite", "--name", "x", "--", "7")
    ]


def test_the_reference_of_design_files_is_written_whenever_asked_for() -> None:
    done = make("--dry-run", "docs/design_file.md")
    assert "-m flow.design_reference docs/design_file.md" in done.stdout


def test_help_names_targets_and_designs() -> None:
    out = make("help").stdout
    for word in ("train", "quantize", "rtl", "sim", "synth", "codec", "report", "doctor", "neuropixels", "tiny"):
        assert word in out


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout without an environment."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def python_that(folder: Path, script: str) -> str:
    path = folder / "a-python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def test_no_python(bare: Path) -> None:
    done = make("doctor", "PYTHON=no-such-python", folder=bare)
    assert done.returncode != 0
    assert "no no-such-python; install it with: sudo apt-get install python3 python3-venv" in done.stderr


def test_python_too_old(bare: Path) -> None:
    old = python_that(bare, 'case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac')
    done = make("doctor", old, folder=bare)
    assert done.returncode != 0
    assert "is Python 3.9.2, 3.11 or later is needed" in done.stderr


def test_python_without_venv(bare: Path) -> None:
    without = python_that(bare, 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')
    done = make("doctor", without, folder=bare)
    assert done.returncode != 0
    assert "sudo apt-get install python3-venv" in done.stderr


@pytest.fixture
def calls(bare: Path) -> Callable[[], list[str]]:
    """Of an environment of the lock, older than it: what its Python is called with."""
    (bare / ".venv" / "bin").mkdir(parents=True)
    installed = bare / ".venv" / "installed"
    installed.write_bytes((bare / "requirements.lock").read_bytes())
    os.utime(installed, (0, 0))
    python_that(bare / ".venv" / "bin", f'echo "$*" >> "{bare}/calls"')
    (bare / ".venv" / "bin" / "a-python").rename(bare / ".venv" / "bin" / "python")
    return lambda: (bare / "calls").read_text().splitlines() if (bare / "calls").exists() else []


def test_an_environment_of_the_same_lock_is_kept(bare: Path, calls: Callable[[], list[str]]) -> None:
    """A newer time with the same content, as after a checkout, installs the command alone, without a network."""
    done = make(".venv/installed", "PYTHON=no-such-python", folder=bare)
    assert done.returncode == 0, done.stderr
    (call,) = calls()
    assert call.startswith("-m pip install ")
    for option in ("--no-index", "--no-deps", "--no-build-isolation", "--editable ."):
        assert option in call
    make(".venv/installed", "PYTHON=no-such-python", folder=bare)
    assert len(calls()) == 1
    (bare / "requirements.lock").write_text("changed==1\n")
    assert make(".venv/installed", "PYTHON=no-such-python", folder=bare).returncode != 0


def test_a_change_of_the_project_file_installs_the_command_anew(bare: Path, calls: Callable[[], list[str]]) -> None:
    make(".venv/installed", "PYTHON=no-such-python", folder=bare)
    later = (bare / ".venv" / "installed").stat().st_mtime + 10
    os.utime(bare / "pyproject.toml", (later, later))
    make(".venv/installed", "PYTHON=no-such-python", folder=bare)
    assert len(calls()) == 2
