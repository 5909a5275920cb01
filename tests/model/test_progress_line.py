"""The line of a training fits a terminal of 80 columns, with the time that is left."""

import io
import re

from rich.console import Console

from model.training.progress import progress_line
from model.training.train import EpochResult


def shown(width: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    with progress_line("neuropixels", console) as show:
        for epoch in (1, 2, 399):
            show(EpochResult(epoch, 400, 1234.56, 15.4, 7.5, 256))
    lines = re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()))
    return [line for line in lines if "399/400" in line]


def test_the_time_left_is_shown_at_80_columns() -> None:
    lines = shown(80)
    assert lines
    for line in lines:
        assert len(line.rstrip()) <= 80
        assert re.search(r"399/400 +(\d+:\d\d:\d\d|-:--:--) +SNDR 15\.40 dB", line), line


def test_a_wide_terminal_shows_all() -> None:
    assert any("codewords 256  loss  1234.56" in line for line in shown(140))
