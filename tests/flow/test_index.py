"""The page over all designs that were built."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flow.cli import app
from flow.report.index import INDEX, index_of, write_index
from tests.flow.test_page import Shown, browser, show
from tests.reports import sample_budget, sample_power, sample_report

__all__ = ["browser"]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Five build folders with reports, one with a long name, one measured, and one of another version."""
    plain = sample_report()
    power = sample_power().model_copy(update={"budget": sample_budget()})
    wrong = plain.simulation.model_copy(update={"mismatches": 1234567})
    reports = {
        "tiny": plain,
        "tiny@of_another_recording_with_a_long_name": plain,
        "measured": plain.model_copy(update={"design": "measured", "power": power}),
        "wrong": plain.model_copy(update={"design": "wrong", "simulation": wrong}),
    }
    for name, report in reports.items():
        folder = tmp_path / "build" / name
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(report.model_dump_json())
        (folder / "report.html").write_text("<html></html>")
    (tmp_path / "build" / "old").mkdir()
    (tmp_path / "build" / "old" / "report.json").write_text("{}")
    return tmp_path / "build"


def test_it_links_every_report_and_says_which_it_cannot_read(built: Path) -> None:
    found = write_index(built)
    page = (built / INDEX).read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', page)
    assert links == [f"{entry.build}/report.html" for entry in found.entries]
    assert len(links) == 4
    assert all((built / link).is_file() for link in links)
    assert "make DESIGN=old" in page
    assert page.count('class="bad"') == 1
    assert "1,234,567" in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


def test_figures_are_those_of_the_report(built: Path) -> None:
    report = sample_report()
    (entry,) = (entry for entry in index_of(built).entries if entry.build == "tiny")
    figures = {figure.name: figure.value for figure in entry.figures}
    assert figures["SNDR, mean, dB"] == report.fixed_point.sndr_mean_db
    assert figures["cycles per block"] == report.simulation.cycles_per_block.mean
    assert "measured, nJ per spike" not in figures


def test_the_command_writes_it(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.parent)
    done = CliRunner().invoke(app, ["index", "--json"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["entries"]) == 4
    assert (built / INDEX).is_file()


@pytest.mark.parametrize("width", [420, 1600])
def test_nothing_is_wider_than_the_window(browser: str, built: Path, width: int) -> None:
    write_index(built)
    shown = show(browser, built / INDEX, width, built)
    assert shown == Shown(inner=width, scroll=width, errors=[], wide=[], burst=[])
