"""The programs in ``docs/recordings.md`` run, one after the other, as a reader would run them."""

import re
from pathlib import Path
from typing import Any

import pytest

from spikecae.recordings.chosen import choose_codec, shipped_designs
from tests.spikecae.command import ROOT

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")


def test_the_programs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for program in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(program, names)
    assert names["made"].events == len(names["spikes"]) > 20
    assert names["back"].get_num_samples() == names["recording"].get_num_samples()


def test_rates_and_kinds_of_shipped_designs_are_told_right() -> None:
    text = (ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
    told = {
        name: float(rate)
        for names, rate in re.findall(r"((?:`\w+`, )*`\w+` and `\w+`)(?: take)?\s(\d+) kHz", text)
        for name in re.findall(r"`(\w+)`", names)
    }
    for name in shipped_designs():
        design = choose_codec(name).design
        if name != "tiny":
            assert told[name] == design.recording.sampling_rate_hz / 1000, name
