"""Variables of make do not reach cocotb's runner, where they mean something else."""

import os
from pathlib import Path

import pytest

from rtl.emit import emit
from sim import cocotb_run
from spikecae.design import Design
from spikecae.spec import load_spec
from tests.conftest import DESIGNS
from tests.random_spec import random_adc


def test_waves_of_make_are_not_cocotbs(tmp_path: Path, tiny: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cocotb")
    seen: dict[str, bool] = {}

    def runner(simulator: str) -> None:
        seen.update({name: name in os.environ for name in ("WAVES", "GUI", "PATH")})
        raise RuntimeError("no simulator today")

    monkeypatch.setattr(cocotb_run, "get_runner", runner)
    monkeypatch.setenv("WAVES", "1")
    monkeypatch.setenv("GUI", "1")
    spec = load_spec(DESIGNS / "tiny")
    emit(spec, tiny.hardware, tmp_path / "rtl")
    with pytest.raises(cocotb_run.BenchError, match="cocotb on verilator could not be run: no simulator today"):
        cocotb_run.run_bench("verilator", spec, tmp_path / "rtl", random_adc(tiny, 3, seed=0), tmp_path)
    assert seen == {"WAVES": False, "GUI": False, "PATH": True}
    assert os.environ["WAVES"] == "1"
