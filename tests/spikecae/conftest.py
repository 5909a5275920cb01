"""What the tests of the codec share."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

from spikecae.cli import main
from spikecae.design import Design
from spikecae.spec import EncoderSpec, load_spec
from tests.random_spec import random_spec
from tests.spikecae.command import SHIPPED, Run

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")


@pytest.fixture(scope="session")
def spec(tiny: Design) -> EncoderSpec:
    return random_spec(tiny, seed=0)


@pytest.fixture(scope="session")
def shipped() -> EncoderSpec:
    return load_spec(SHIPPED)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("SPIKECAE_DEBUG", raising=False)

    def command(*arguments: object, status: int = 0, stdout: bool = False) -> str:
        monkeypatch.setattr(sys, "argv", ["spikecae", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert end.value.code == status, said
        return said.out if stdout else said.out + said.err

    return command
