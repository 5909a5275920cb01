"""The report: its figures agree with the stages', and page and table show them."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from flow.layout import Layout
from flow.report.bits import bit_budget
from flow.report.collect import compare_with_pca, placement_of
from flow.report.drawing.figures import codeword_figure, sndr_figure, spike_figure, style, svg
from flow.report.drawing.group_figure import three_of
from flow.report.groups import grouped
from flow.report.measure import Decoded, decode_split
from flow.report.page import write_page
from flow.report.ranges import Extremes, ranges_of
from flow.report.schema import Report
from flow.report.sent import SentLevels
from flow.report.table import table_text
from flow.stages.dataset_file import load_dataset_file
from model.data_quality import DataQuality
from spikecae.design import load_design
from spikecae.spec import load_spec
from synth.files import NETLIST, PLACE_REPORT
from synth.mapping.mapping_report import FpgaMapping, Mapping, Routing, Usage
from tests.flow.conftest import ROOT
from tests.reports import (
    sample_budget,
    sample_estimates,
    sample_manifest,
    sample_placement,
    sample_power,
    sample_report,
)


@pytest.fixture(scope="module")
def decoded(trained: Path) -> Decoded:
    build = trained / "build/tiny"
    design, spec = load_design(trained / "designs/tiny.toml"), load_spec(build / "quantize")
    return decode_split(design, spec, build / "model/checkpoint.safetensors", load_dataset_file(build / "data").test)


@pytest.fixture
def report() -> Report:
    return sample_report()


def test_decoded_spikes_have_the_quality_that_quantize_measured(decoded: Decoded, trained: Path) -> None:
    """Golden integers and the float decoder here, fake-quantized PyTorch there."""
    metrics = json.loads((trained / "build/tiny/quantize/metrics.json").read_text())
    assert decoded.sndr_db.mean() == pytest.approx(metrics["fixed_point"]["sndr_mean_db"], abs=1e-6)
    assert np.count_nonzero(decoded.sent.counts) == metrics["fixed_point"]["codewords_used"]
    assert decoded.sent.counts.sum() == metrics["test_blocks"] * 4


def test_a_dataset_file_gives_back_the_data_set(trained: Path) -> None:
    from model.datasets import load_dataset

    made = load_dataset(load_design(trained / "designs/tiny.toml"))
    stored = load_dataset_file(trained / "build/tiny/data")
    assert (stored.source, stored.provenance, stored.unit) == (made.source, made.provenance, made.unit)
    for name in ("train", "validation", "test"):
        for part in ("adc", "spikes", "times_s", "channels"):
            np.testing.assert_array_equal(
                getattr(getattr(stored, name), part), getattr(getattr(made, name), part), strict=True
            )


def test_the_page_is_complete_in_itself(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    write_page(load_design(ROOT / "designs/tiny.toml"), report, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 7
    assert not re.search(r"(src|href)=\"(?!#)", page.replace('xlink:href="#', ""))
    for shown in ("12.21 dB", "26.1×", "0 mismatches", "127.9 measured, 128 predicted", "3.50 dB", "shipped"):
        assert shown in page, shown
    assert (tmp_path / "spikes.svg").read_text(encoding="utf-8").startswith("<svg")


def test_power_is_shown_where_it_was_measured(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    report = report.model_copy(update={"power": sample_power()})
    write_page(load_design(ROOT / "designs/tiny.toml"), report, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for shown in (
        "347.300",
        "651.400",
        ">0.006<",
        "41 %",
        "763 µW",
        "12.5 ns at a period of 50.0 ns",
        "9 packets",
        "<th>left out</th><td>pads",
    ):
        assert shown in page, shown
    assert "pool<" not in page
    table = " ".join(table_text(report).replace("│", " ").split())
    assert "651 nJ per spike, without buffer (no macro), gate by gate on 3 blocks" in table


def test_a_placement_is_drawn(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    place, placement = sample_placement()
    power = sample_power().model_copy(update={"placement": place})
    placed = report.model_copy(update={"placement": place, "power": power})
    design = load_design(ROOT / "designs/tiny.toml")
    write_page(design, placed, decoded, tmp_path, placement)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 8
    for shown in ("wires: placed, 5 fF a pin", "2 cells and 1 macros on 8 × 8 µm", "2 buffers", "<!-- vq -->"):
        assert shown in page, shown
    assert "wires: placed, 5 fF a pin" in " ".join(table_text(placed).replace("│", " ").split())


def test_only_a_placement_of_this_netlist_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layout, (place, _) = Layout("tiny", tmp_path / "tiny.toml"), sample_placement()
    assert placement_of(layout, "small") is None
    for folder in (layout.place("small"), layout.synth("small")):
        folder.mkdir(parents=True)
    (layout.synth("small") / NETLIST).write_bytes(b"module chip; endmodule")
    own = hashlib.sha256(b"module chip; endmodule").hexdigest()
    for netlist, found in ((own, True), ("0123", False)):
        told = place.model_copy(update={"netlist_sha256": netlist})
        (layout.place("small") / PLACE_REPORT).write_text(told.model_dump_json())
        assert placement_of(layout, "small") == (told if found else None)


def test_groups_are_told_from_the_worst_to_the_best(decoded: Decoded) -> None:
    """Channel 3's spikes come back whole, channel 7's at half their height, channel 5's as silence: 6 dB and 0 dB."""
    design = load_design(ROOT / "designs/tiny.toml")
    channels = np.repeat(np.array([3, 7, 5], np.int32), 40)[:, None] * np.ones((1, 2), np.int32)
    original = decoded.original[:120]
    share = np.repeat([0.999, 0.5, 0.0], 40)[:, None, None]
    made = replace(decoded, original=original, decoded=original * share, channels=channels)
    found = grouped(design, made)
    assert found.by == "channel"
    assert [group.name for group in found.figures] == ["channel 5", "channel 7", "channel 3"]
    assert [group.sndr_global_db for group in found.figures] == pytest.approx([0.0, 6.0206, 60.0], abs=1e-3)
    assert [group.amplitude_bias_percent for group in found.figures] == pytest.approx([-100, -50, -0.1], abs=1e-3)
    assert list(three_of(found)) == ["worst", "typical", "best"]
    alone = replace(made, channels=np.zeros_like(channels))
    by_shape = grouped(design, alone)
    assert by_shape.by == "shape"
    assert sum(len(rows) for rows in by_shape.members.values()) == 120
    sizes = [len(by_shape.members[f"shape {n + 1}"]) for n in range(len(by_shape.members))]
    assert sizes == sorted(sizes, reverse=True)


def test_bits_add_up_to_what_the_link_takes() -> None:
    """Of 256 bits of samples: 8 of payload at a ratio of 32, 16 with packets, 32 with events."""
    levels = np.zeros((4, 1, 1), np.int64)
    sent = SentLevels(levels, levels > 0, np.zeros(0, np.int64), np.full(4, 10), class_bits=10, escape_bits=0)
    found = bit_budget(sent, 16, huffman=32.0, wire=16.0, events=8.0)
    assert {share.name: share.bits_per_spike for share in found} == {
        "class": 2.0,
        "levels, by their tables": 6.0,
        "framing, padding, checksums": 8.0,
        "channel and time": 16.0,
    }
    assert "channel and time" not in [share.name for share in bit_budget(sent, 16, huffman=32, wire=16, events=None)]


def test_ranges_are_told_of_all_chunks_together() -> None:
    """By hand: of four unsigned 4-bit integers one is 15, the highest; with 6 bits and a sign none is at a limit."""
    both = Extremes.of(np.array([3, 7])) | Extremes.of(np.array([15, 4]))
    assert both == Extremes(3, 15, 1, 1, 4)
    tap = sample_manifest().taps[0]
    unsigned = tap.model_copy(update={"stage": "conv", "width": 4, "signed": False})
    (found,) = ranges_of({"conv": both}, [unsigned, tap.model_copy(update={"order": "vector"})])
    assert (found.minimum, found.maximum, found.at_limits) == (3, 15, 0.25)
    (found,) = ranges_of({"conv": both}, [unsigned.model_copy(update={"width": 6, "signed": True})])
    assert found.at_limits == 0.0


def test_channels_are_told_with_and_without_a_running_clock(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    budget = sample_budget()
    stopped, running = budget.channels_within_limit, budget.channels_within_limit_clocked
    assert 0 < running < stopped / 5
    report = report.model_copy(update={"power": sample_power().model_copy(update={"budget": budget})})
    write_page(load_design(ROOT / "designs/tiny.toml"), report, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    resting = f"{100 * budget.resting_share:.1f} %"
    assert (
        f'<td class="n">{stopped}</td><td>as the chip stops its clock between spikes; asleep it takes {resting}' in page
    )
    assert f'<td class="n">{running}</td><td>if the clock always ran' in page
    assert "The clock between spikes and leakage are left out" in page
    table = " ".join(table_text(report).replace("│", " ").split())
    assert f"{stopped} channels ({budget.channels_per_mm2:.0f} per mm²), {running} if the clock always ran" in table
    assert f"asleep it takes {budget.resting_share:.1%} of that power" in table
    assert "1.28 mm² placed (cells at a density of 0.7, and macros)" in table
    assert "analytic, idle clock and leakage left out: " in table
    assert table.count("channels at 20 Hz") == 1, "the analytic estimate's"


def test_what_is_mapped_takes_the_estimates_place(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    (estimate,) = report.synthesis.estimates
    mine, other = (estimate.model_copy(update={"node": node, "process": f"{node} nm"}) for node in ("mine", "other"))
    mapping = Mapping.model_validate(
        dict.fromkeys(Mapping.model_fields, 0.0)
        | {"process": "Mine", "liberty": "mine", "area_um2": 8e5, "macro_area_um2": 1.4e5, "macro_bits": 99}
        | {"units": [], "cells_by_type": {}, "memories": [], "notes": []}
    )
    parts = {"estimates": [mine, other], "target": "mine", "mapping": mapping}
    mapped = report.model_copy(update={"synthesis": report.synthesis.model_copy(update=parts)})
    assert mapped.estimates == [other]
    text = " ".join(table_text(mapped).replace("│", " ").split())
    assert "estimate, other" in text
    assert "estimate, mine" not in text
    assert "0.800 mm² of cells" in text
    assert "power, mine not measured yet" in text
    write_page(load_design(ROOT / "designs/tiny.toml"), mapped, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "mine is not here: what was mapped to it" in " ".join(page.split())
    assert "mine nm" not in page
    parts["mapping"] = None
    assert report.model_copy(update={"synthesis": report.synthesis.model_copy(update=parts)}).estimates == [mine, other]


def test_codewords_in_use_are_counted_in_one_place(decoded: Decoded) -> None:
    """On the whole test split; the figure shows some of it."""
    with style():
        (axis,) = codeword_figure(decoded.sent.counts).axes
    assert axis.get_xlabel() == "16 codewords, most frequent first"


def test_the_mean_stands_above_the_bars(decoded: Decoded) -> None:
    with style():
        (axis,) = sndr_figure(decoded.sndr_db).axes
    (label,) = axis.texts
    assert label.xy[1] > max(bar.get_height() for bar in axis.patches)
    assert label.xy[1] < axis.get_ylim()[1]


def test_a_source_is_named_once() -> None:
    """Of the costs that an estimate is made from."""
    for found in sample_estimates():
        sources = [line.partition("pJ: ")[2] for line in found.assumptions if "pJ: " in line]
        assert len(sources) == len(set(sources)) > 0


def test_a_rate_that_pca_does_not_reach_is_no_failure(report: Report, trained: Path) -> None:
    design, dataset = load_design(trained / "designs/tiny.toml"), load_dataset_file(trained / "build/tiny/data")
    few = compare_with_pca(design, dataset, report.fixed_point.model_copy(update={"bits_per_spike": 0.001}))
    assert (few.sndr_mean_db, few.gap_db) == (None, None)
    assert "0.001 bits per spike lie outside what PCA's steps give" in str(few)
    assert len(few.curve_bits_per_spike) > 10
    usual = compare_with_pca(design, dataset, report.fixed_point)
    assert usual.not_available is None
    assert "dB worse" in str(usual)


def test_a_missing_baseline_is_said(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    none = {
        "sndr_mean_db": None,
        "gap_db": None,
        "not_available": "0.4 bits per spike lie outside what PCA's steps give",
    }
    for curve in ({}, {"curve_bits_per_spike": [], "curve_sndr_mean_db": []}):
        baseline = report.baseline.model_copy(update=none | curve)
        without = report.model_copy(update={"baseline": baseline})
        write_page(load_design(ROOT / "designs/tiny.toml"), without, decoded, tmp_path)
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert "not available: 0.4 bits per spike lie outside what PCA&#39;s steps give" in page
        assert "not available: 0.4 bits per spike lie outside" in table_text(without)


def test_the_quality_of_the_data_is_shown(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    write_page(load_design(ROOT / "designs/tiny.toml"), report, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for shown in (
        "20.0 s, 1 segment, 16 channels",
        "channel 5: never varies",
        "3,000 clipped",
        "10 clipped",
        "3 of 28800 samples of spikes",
        "4.77 to 4.88 µV",
        "7, in no mean of decibels",
        "channel 4: clipped from 10.000 to 10.100 s",
    ):
        assert shown in page, shown
    text = " ".join(table_text(report).replace("│", " ").split())
    assert "left out: channel 5 (never varies); 10 spikes near clipped samples; 7 silent spikes, in no mean" in text
    plain = report.data.model_copy(update={"quality": DataQuality(channels=1), "provenance": "unknown"})
    write_page(load_design(ROOT / "designs/tiny.toml"), report.model_copy(update={"data": plain}), decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for shown in (
        "<td>1 channel</td>",
        "no channel, no segment",
        "the file holds spikes alone",
        "(provenance unknown)",
    ):
        assert shown in page, shown
    assert "data quality" not in table_text(report.model_copy(update={"data": plain}))


def test_silent_spikes_do_not_stop_the_figures(decoded: Decoded) -> None:
    design = load_design(ROOT / "designs/tiny.toml")
    silent = decoded.sndr_db.copy()
    silent[0], silent[1, 0] = np.nan, np.nan
    with style():
        assert "nan" not in svg(spike_figure(design, replace(decoded, sndr_db=silent))).lower()
        shown = svg(sndr_figure(silent))
        assert "nan" not in shown.lower()
        assert shown != svg(sndr_figure(decoded.sndr_db))


def test_figures_are_the_same_every_time(decoded: Decoded) -> None:
    design = load_design(ROOT / "designs/tiny.toml")
    with style():
        assert svg(spike_figure(design, decoded)) == svg(spike_figure(design, decoded))
        assert svg(codeword_figure(decoded.sent.counts)) != svg(codeword_figure(decoded.sent.counts[:-1]))


def test_the_table_tells_what_matters(report: Report) -> None:
    text = " ".join(table_text(report).replace("│", " ").split())
    for shown in (
        "float SNDR 12.34 dB",
        "4/6/5-bit SNDR 12.21 dB",
        "CR 42.7 entropy, 41.3 Huffman, 26.1 wire",
        "3.50 dB worse",
        "trained on spikes.mat (real), 9 epochs: 14.90 dB at CR 38.2",
        "0 mismatches",
        "127.9 measured, 128 predicted",
    ):
        assert shown in text, shown


def test_the_table_and_the_page_show_an_fpga(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    def of(used: int, available: int) -> Usage:
        return Usage(used=used, available=available)

    fpga = FpgaMapping(
        device="Device 7",
        yosys="yosys 1",
        luts=of(1900, 8000),
        flip_flops=of(600, 8000),
        multipliers=of(12, 20),
        memories=of(3, 30),
        memory_block_bits=4096,
        cells={"LUT4": 1900},
        routing=Routing(tool="nextpnr 1", clock_mhz=20.0, fmax_mhz=43.21, cells={"COMB": of(2000, 8000)}),
        not_routed=None,
    )
    report = report.model_copy(update={"synthesis": report.synthesis.model_copy(update={"fpga": fpga})})
    write_page(load_design(ROOT / "designs/tiny.toml"), report, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = " ".join(table_text(report).replace("│", " ").split())
    for shown in ("Device 7: 1,900 of 8,000 LUTs", "12 of 20 multipliers", "3 of 30 memory blocks", "43.2 MHz at most"):
        assert shown in text, shown
        assert shown in page, shown


def test_a_mismatch_is_not_called_equal(report: Report) -> None:
    simulation = report.simulation.model_copy(update={"mismatches": 7})
    assert "7 mismatches" in table_text(report.model_copy(update={"simulation": simulation}))


def test_a_report_of_another_version_is_refused(report: Report) -> None:
    content = report.model_dump(mode="json")
    content["schema_version"] += 1
    with pytest.raises(ValidationError) as refused:
        Report.model_validate(content)
    assert [error["loc"] for error in refused.value.errors()] == [("schema_version",)], "the report's own, no part's"
