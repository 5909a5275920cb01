"""What the command says of itself: help, version, results as JSON. Every example in help and documents is run."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikecae
from spikecae.design import load_design
from spikecae.front_end.adc import codes_to_units
from tests.random_spec import random_adc
from tests.spikecae.command import ROOT, SHIPPED, Run

COMMANDS = ("encode", "decode", "inspect")


@pytest.fixture
def example_files(tmp_path: Path) -> Path:
    """The files that examples name: ``designs``, ``spikes.npz``, ``codes.npy``."""
    (tmp_path / "designs").symlink_to(ROOT / "designs")
    design = load_design(ROOT / "designs" / "neuropixels.toml")
    codes = random_adc(design, 20, seed=1)
    units = codes_to_units(codes, design.adc).astype(np.float32)
    np.save(tmp_path / "codes.npy", codes)
    np.savez(tmp_path / "spikes.npz", snippets=units, channels=np.arange(20), times=np.arange(20) * 900)
    return tmp_path


def examples(text: str) -> list[list[str]]:
    """The command lines of ``spikecae`` in a text, without the name."""
    found = re.findall(r"^\s*spikecae (\w.*)$", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in found]


@pytest.mark.usefixtures("example_files")
def test_examples_in_the_help_run(run: Run) -> None:
    pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
    for command in COMMANDS:
        lines = examples(run(command, "--help"))
        assert lines, command
        for line in lines:
            assert line[0] == command
            run(*line)


@pytest.mark.usefixtures("example_files")
def test_examples_in_the_document_run(run: Run) -> None:
    pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
    text = (ROOT / "docs" / "codec.md").read_text(encoding="utf-8")
    lines = examples(text)
    assert {line[0] for line in lines} == set(COMMANDS)
    for line in lines:
        run(*line)


@pytest.mark.usefixtures("example_files")
def test_the_python_examples_in_the_document_run(run: Run) -> None:
    pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
    text = (ROOT / "docs" / "codec.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(programs) == 3
    names: dict[str, Any] = {"codes": np.load("codes.npy")}
    for program in programs:
        exec(program, names)
    assert names["decoder"].report.blocks == 20
    assert names["waveforms"].shape == (4, 4, 48)  # of the last packet
    run("inspect", "live.scae")
    run("inspect", "raw.scae")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_there_by_either_name(run: Run, command: str) -> None:
    assert "--json" in run(command, "-h") == run(command, "--help")


def test_version(run: Run) -> None:
    assert run("--version") == f"spikecae {spikecae.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+", spikecae.__version__)


def test_python_m_is_the_command() -> None:
    for arguments, status in ((["--version"], 0), (["inspect", "none"], 1), (["inspect"], 2)):
        done = subprocess.run(
            [sys.executable, "-m", "spikecae", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == status
        assert "__main__" not in done.stdout + done.stderr


def test_an_interruption_while_it_is_imported_has_the_same_status() -> None:
    program = """
import runpy, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "pydantic":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
runpy.run_module("spikecae", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.usefixtures("example_files")
def test_results_as_json(run: Run, tmp_path: Path) -> None:
    spec = ("--spec", "designs/neuropixels")
    encoded = json.loads(run("encode", "spikes.npz", "x.scae", *spec, "--lsb", 2.34375, "--json", stdout=True))
    decoded = json.loads(run("decode", "x.scae", "out.npz", *spec, "--latents", "--json", stdout=True))
    inspected = json.loads(run("inspect", "x.scae", "--json", stdout=True))
    size = (tmp_path / "x.scae").stat().st_size
    assert [told["command"] for told in (encoded, decoded, inspected)] == list(COMMANDS)
    assert {told["schema_version"] for told in (encoded, decoded, inspected)} == {1}
    assert (encoded["source"], encoded["target"], encoded["blocks"]) == ("spikes.npz", "x.scae", 20)
    assert encoded["file_bytes"] == inspected["file_bytes"] == size
    assert encoded["times_less_than_16_bits"] == pytest.approx(20 * 4 * 48 * 2 / size)
    assert encoded["header"] == decoded["header"] == inspected["header"]
    assert decoded["contents"] == inspected["contents"]
    assert decoded["contents"]["whole"] is True
    assert inspected["spikes"] == 80
    assert inspected["bits_per_spike"] == pytest.approx(8 * size / 80)


def test_without_spikes_that_is_what_is_said(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "none.npy", np.empty((0, 2, 16), np.int16))
    said = run("encode", "none.npy", "x.scae", "--spec", SHIPPED)
    assert said == "none.npy: no spikes, nothing to encode; x.scae holds 0 blocks\n"
    assert json.loads(run("encode", "none.npy", "x.scae", "--spec", SHIPPED, "--json", stdout=True))["blocks"] == 0
    assert "0 blocks in 0 packets" in run("decode", "x.scae", "out.npz", "--spec", SHIPPED)
    assert "0 of 0 that were written" in run("inspect", "x.scae")
    with np.load(tmp_path / "out.npz") as out:
        assert {name: len(out[name]) for name in out.files} == dict.fromkeys(
            ("snippets", "indices", "present", "tags", "packets"), 0
        )
