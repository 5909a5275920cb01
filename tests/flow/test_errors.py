"""Every foreseeable error is a sentence; what is not foreseen asks for a report."""

import ast
import importlib
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from flow import cli
from flow.errors import describe, please_report
from flow.layout import SOURCES
from flow.report.schema import Data
from synth.gates.exercise import NetlistStuckError
from tests.flow.conftest import Flow

PACKAGES = ("spikecae", "model", "quantize", "rtl", "sim", "synth", "flow")


def own_errors() -> list[str]:
    """Every class of the toolkit that is called an error."""
    found = []
    for package in PACKAGES:
        for path in sorted((SOURCES / package).rglob("*.py")):
            classes = [node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.ClassDef)]
            module = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
            found += [f"{module}:{node.name}" for node in classes if node.name.endswith("Error")]
    return found


@pytest.mark.parametrize("name", own_errors())
def test_the_toolkits_own_errors_are_sentences(name: str) -> None:
    module, _, kind = name.partition(":")
    error = getattr(importlib.import_module(module), kind)
    try:
        raised = error("the reason")
    except TypeError:
        raised = error(Path("x.toml"), ["the reason"])  # a DesignError has a line for each fault
    assert "the reason" in str(describe(raised))


def test_a_missing_file_is_no_errno() -> None:
    with pytest.raises(FileNotFoundError) as missing:
        Path("nowhere/report.json").read_bytes()
    assert describe(missing.value) == "nowhere/report.json: no such file or directory; check this path"


def test_a_file_of_another_version_is_one_sentence() -> None:
    with pytest.raises(ValidationError) as broken:
        Data.model_validate({"source": 1})
    text = str(describe(broken.value))
    assert text.startswith("a stage's file is no Data of this version (source: input should be a valid string, and ")
    assert "\n" not in text
    assert "pydantic" not in text


def test_a_fault_of_the_program_asks_for_a_report(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def broken() -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(sys, "argv", ["flow", "sim", "--data", "my file"])
    monkeypatch.delenv("SPIKECAE_DEBUG", raising=False)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 70
    said = capsys.readouterr().err
    assert said.startswith("internal error: KeyError: 'unforeseen' (test_errors.py, line ")
    for part in ("please report", "SPIKECAE_DEBUG=1", "command: python -m flow sim --data 'my file'", "Python 3."):
        assert part in said
    monkeypatch.setenv("SPIKECAE_DEBUG", "1")
    with pytest.raises(KeyError):
        cli.main()


def test_what_is_expected_needs_no_report() -> None:
    assert describe(NetlistStuckError("2 of 9 packets after 100 cycles")) == "2 of 9 packets after 100 cycles"
    assert describe(KeyError("x")) is None
    assert "internal error: KeyError" in please_report(KeyError("x"))


@pytest.mark.parametrize("stage", ["all", "synth", "place", "power"])
def test_a_target_without_its_kit_is_told_before_any_work(
    flow: Flow, workspace: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    done = flow(stage, "--target", "ihp-sg13g2")
    assert done.returncode == 1
    assert "export PDK_ROOT=" in done.stderr
    assert done.stdout == ""
    assert not (workspace / "build/tiny/rtl").exists()
