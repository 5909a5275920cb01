"""The report: its figures agree with the stages', and page and table show them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from flow.report.collect import compare_with_pca, placement_of
from flow.report.figures import codeword_figure, sndr_figure, spike_figure, style, svg
from flow.report.measure import Decoded, decode_split
from flow.report.page import write_page
from flow.report.schema import Report
from flow.report.table import table_text
from flow.stages.dataset_file import load_dataset_file
from model.data_quality import DataQuality
from spikecae.design import load_design
from spikecae.spec import load_spec
from synth.files import PLACE_REPORT, PLACEMENT
from synth.mapping.mapping_report import FpgaMapping, Mapping, Routing, Usage
from synth.place.placement import save_placement
from tests.flow.conftest import ROOT
from tests.reports import sample_budget, sample_estimates, sample_placement, sample_power, sample_report


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
    assert page.count("<svg") == 5
    assert not re.search(r"(src|href)=\"(?!#)", page.replace('xlink:href="#', ""))
    for shown in ("12.21 dB", "26.1×", "0 mismatches", "127.9 measured, 128 predicted", "3.50 dB", "shipped"):
        assert shown in page, shown
    assert (tmp_path / "spikes.svg").read_text(encoding="utf-8").startswith("<svg")


def test_power_is_shown_where_it_was_measured(report: Report, decoded: Decoded, tmp_path: Path) -> None:
    report = report.model_copy(update={"power": sample_power()})
    write_page(load_design(ROOT / "designs/tiny.toml"), report, decoded, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for shown in ("120.3", "347.3", "41 %", "763 µW", "12.5 ns at a period of 50.0 ns", "9 packets", "left out: pads"):
        assert shown in page, shown
    assert "pool<" not in page
    table = " ".join(table_text(report).replace("│", " ").split())
    assert "651 nJ per spike, without buffer (no macro), gate by gate on 3 blocks" in table


def test_a_placement_is_drawn_where_power_was_measured_with_it(
    report: Report, decoded: Decoded, tmp_path: Path
) -> None:
    place, placement = sample_placement()
    power = sample_power()
    placed = report.model_copy(update={"power": power.model_copy(update={"placement": place})})
    design = load_design(ROOT / "designs/tiny.toml")
    write_page(design, placed, decoded, tmp_path, placement)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 6
    for shown in ("wires: placed, 5 fF a pin", "2 cells and 1 macros on 8 × 8 µm", "2 buffers", "<!-- vq -->"):
        assert shown in page, shown
    assert "wires: placed, 5 fF a pin" in " ".join(table_text(placed).replace("│", " ").split())
    save_placement(tmp_path / PLACEMENT, placement)
    (tmp_path / PLACE_REPORT).write_text(place.model_dump_json())
    found = placement_of(placed, tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found.x, placement.x)
    for other in (place.model_copy(update={"seed": 2}), None):
        update = {"power": power.model_copy(update={"placement": other})}
        assert placement_of(report.model_copy(update=update), tmp_path) is None


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
