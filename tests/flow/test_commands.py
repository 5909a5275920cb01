"""What all commands have: an example in the help that can be called, ``--json``, and an end by Ctrl-C."""

import json
import shlex

import pytest
import typer
from typer.testing import CliRunner

from flow import doctor
from flow.cli import app
from flow.commands.app import STOPPED, examples_of
from flow.doctor import Finding

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
