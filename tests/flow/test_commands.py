"""What all commands have: an example in the help that can be called, ``--json``, and an end by Ctrl-C."""

import json
import shlex
import signal
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from flow import doctor
from flow.cli import app
from flow.commands.app import STOPPED, examples_of
from flow.doctor import Finding
from tests.flow.conftest import ROOT

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_can_be_called(name: str) -> None:
    examples = examples_of(COMMANDS[name].epilog)
    assert examples
    for example in examples:
        called, *arguments = shlex.split(example)
        assert called == name
        COMMANDS[name].make_context(name, arguments)  # raises what a shell would be told
    assert "as_json" in {parameter.name for parameter in COMMANDS[name].params}


def test_an_example_shows_in_the_help() -> None:
    done = CliRunner().invoke(app, ["compare", "--help"])
    assert "python -m flow compare lite tiny" in done.stdout


def test_json_is_all_that_standard_output_has(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("python", "runs it", "3.11", "-"), Finding("g++", "compiles", None, "apt-get install g++")]
    monkeypatch.setattr(doctor, "findings", lambda: iter(found))
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 1
    content = json.loads(done.stdout)
    assert content["complete"] is False
    assert [finding["name"] for finding in content["findings"]] == ["python", "g++"]
    assert "g++" in done.stderr
    text = CliRunner().invoke(app, ["doctor"])
    assert text.exit_code == 1
    assert "apt-get install g++" in text.stdout
    assert "something is missing" in text.stdout


def test_ctrl_c_is_one_line_and_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "findings", stopped)
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == STOPPED == 130
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "stopped" in done.stderr


@pytest.mark.parametrize("blocks", ["all", "0", "-1", "x", "1.5"])
def test_power_says_what_its_blocks_may_be(blocks: str) -> None:
    done = CliRunner().invoke(app, ["power", "--design", "tiny", "--blocks", blocks])
    assert done.exit_code == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert f"BLOCKS={blocks}: measured gate by gate is a number of blocks from 1 on, say 4" in said
    assert ("all is for sim" in said) == (blocks == "all")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import runpy, flow.doctor as d; d.findings = lambda: wait(); sys.argv[1:] = ['doctor']", "stopped before"),
        ("import runpy; sys.argv[1:] = ['doctor']; sys.meta_path.insert(0, Waiting())", ""),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_as_ctrl_c_does(number: signal.Signals, program: str, said: str) -> None:
    begin = f"""
import os, signal, sys
signal.signal({int(number)}, signal.SIG_DFL)
def wait():
    os.kill(os.getpid(), {int(number)})
class Waiting:
    def find_spec(self, name, path=None, target=None):
        if name == "flow.cli":
            wait()
"""
    text = f"{begin}{program}\nrunpy.run_module('flow', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number
    assert said in done.stderr
    assert "Traceback" not in done.stderr
