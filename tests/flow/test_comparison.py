"""Designs side by side: which figure is the best, and when there is none."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flow.cli import app
from flow.report import comparison
from flow.report.comparison import ComparisonLine, compare, page_of, reports_of, text_of
from flow.report.schema import Report
from model.data_quality import NoiseRange
from tests.reports import sample_power, sample_report


def other(report: Report, *, source: str | None = None) -> Report:
    """A worse one in quality, with fewer bits and less energy, and another name."""
    coder = report.fixed_point.model_copy(update={"sndr_mean_db": 10.0, "bits_per_spike": 5.0})
    data = report.data if source is None else report.data.model_copy(update={"source": source})
    power = sample_power().model_copy(update={"energy_nj_per_spike": 0.001})
    return report.model_copy(update={"design": "other", "fixed_point": coder, "data": data, "power": power})


def line(reports: list[Report], name: str) -> ComparisonLine:
    (found,) = (line for line in compare(reports).lines if line.name == name)
    return found


def test_the_best_figure_is_marked_the_way_it_counts() -> None:
    report = sample_report().model_copy(update={"power": sample_power()})
    both = [report, other(report)]
    assert line(both, "SNDR, mean, dB").values == [report.fixed_point.sndr_mean_db, 10.0]
    assert line(both, "SNDR, mean, dB").best == [0]
    assert line(both, "bits per spike").best == [1]
    assert line(both, "measured, nJ per spike").best == [1]
    assert line(both, "compression, Huffman").best == []  # equal
    assert line(both, "cycles per block").best == []  # neither more nor less is better
    assert compare(both).notes == []


def test_quality_on_other_spikes_is_told_and_not_judged() -> None:
    report = sample_report()
    both = [report, other(report, source="elsewhere.mat")]
    assert line(both, "SNDR, mean, dB").best == []
    assert line(both, "measured, nJ per spike").values == [None, 0.001]
    notes = " ".join(compare(both).notes)
    assert "different spikes" in notes
    assert f"make power DESIGN={report.design}" in notes


def test_spikes_are_the_same_where_recording_and_length_are() -> None:
    """A name alone does not tell: embedded recordings of two designs may share their seed."""
    report = sample_report()
    assert compare([report, other(report)]).same_spikes
    noise = report.data.quality.model_copy(update={"noise": NoiseRange(least=1.0, largest=1.0)})
    for change in ({"samples_per_spike": 32}, {"sampling_rate_hz": 24000.0}, {"quality": noise}):
        apart = report.model_copy(update={"data": report.data.model_copy(update=change)})
        assert not compare([report, other(apart)]).same_spikes
        assert line([report, other(apart)], "SNDR, mean, dB").best == []
    told = compare([report, other(report)]).spikes[0]
    assert told.endswith(f", {report.data.samples_per_spike} samples at {report.data.sampling_rate_hz / 1000:g} kHz")


def test_table_and_page_show_every_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = sample_report()
    monkeypatch.setattr(comparison, "reports_of", lambda names: [report, other(report)])
    file = tmp_path / "c.html"
    done = CliRunner().invoke(app, ["compare", "a", "b", "--html", str(file)])
    told = CliRunner().invoke(app, ["compare", "a", "b", "--json"])
    assert done.exit_code == 0, done.output
    found = compare([report, other(report)])
    page = file.read_text(encoding="utf-8")
    assert page == page_of(found)
    for figure in found.lines:
        assert figure.name in done.output
        assert figure.name.replace("&", "&amp;") in page
    assert comparison.Comparison.model_validate_json(told.stdout) == found
    assert "10.00" in text_of(found)
    assert "http" not in page


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["tiny"], "1 design to compare; name two or more"),
        (["tiny", "tiny"], "named 2 times"),
        (["tiny", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_compared_is_told(names: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        reports_of(names)


def test_a_design_that_was_not_run_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "find_layout", lambda name: type("Layout", (), {"build": tmp_path / name}))
    with pytest.raises(ValueError, match=r"no report of tiny, .*make DESIGN=tiny"):
        reports_of(["tiny", "lite"])
