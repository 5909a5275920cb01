"""The table that a run ends with."""

import io

from rich.console import Console
from rich.table import Table

from flow.report.schema import Report, Weights
from flow.report.words import nanojoules
from spikecae.opening.provenance import in_words
from synth.estimate.limit import RATE_HZ

__all__ = ["table_text"]

WIDTH = 120


def table_text(report: Report) -> str:
    """The report as a table of characters, ``WIDTH`` wide."""
    data, encoder, simulation = report.data, report.encoder, report.simulation
    table = Table(
        title=f"{report.design}: {data.source} ({in_words(data.provenance)})", title_justify="left", show_header=False
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("test spikes", f"{data.test_blocks * data.spikes_per_block:,} in {data.test_blocks:,} blocks")
    if data.quality.summary or data.quality.silent_spikes:
        silent = f"{data.quality.silent_spikes:,} silent spikes, in no mean" if data.quality.silent_spikes else ""
        table.add_row("data quality", "; ".join(filter(None, [data.quality.summary, silent])))
    table.add_row("float", report.float_model.line(report.codewords))
    table.add_row(report.widths, report.fixed_point.line(report.codewords))
    for number, point in enumerate(report.further_points, start=1):
        table.add_row(f"point {number}", point.line(report.codewords))
    table.add_row("PCA at equal bits", str(report.baseline))
    table.add_row(f"{report.weights.origin} weights", _training(report.weights))
    table.add_section()
    table.add_row(
        f"golden = {report.fixed_point.twin[0]}",
        f"{report.golden_check_values:,} values of {report.golden_check_blocks:,} blocks, all equal",
    )
    table.add_row(
        "Verilog = golden",
        f"{simulation.values_compared:,} values of {simulation.blocks} blocks, {simulation.mismatches} mismatches",
    )
    table.add_row(
        "cycles per block",
        f"{simulation.cycles_per_block.mean:.1f} measured, {simulation.cycles_per_block.predicted} predicted "
        f"(fold {encoder.fold}); {report.spikes_per_s:,.0f} spikes/s at {encoder.clock_mhz:g} MHz",
    )
    table.add_section()
    table.add_row(
        "arithmetic",
        f"{encoder.macs_per_spike:,.0f} MAC per spike; {report.multipliers}",
    )
    synthesis = report.synthesis
    held = "loadable parameters" if encoder.parameters == "ram" else "built-in parameters"
    table.add_row(
        "resources",
        f"{encoder.parameter_bits / 8192:,.1f} KiB of {held}, {encoder.working_memory_bits / 8192:,.2f} KiB of working "
        f"memory, {synthesis.encoder.flip_flop_bits:,} flip-flops outside memories",
    )
    if synthesis.fpga is not None:
        table.add_row("FPGA", str(synthesis.fpga))
    for estimate in report.estimates:
        table.add_row(
            f"estimate, {estimate.node}",
            f"analytic, idle clock and leakage left out: {nanojoules(estimate.energy_nj_per_spike)} nJ per spike, "
            f"{estimate.area_mm2:.2f} mm²; {estimate.density_uw_per_mm2_at_full_rate:,.0f} µW/mm² at full rate; "
            f"{estimate.channels_within_limit:,} channels at {RATE_HZ:g} Hz within {estimate.limit_uw_per_mm2:.0f} "
            f"µW/mm², {estimate.power_uw_per_channel:.2f} µW each",
        )
    if synthesis.mapping is not None:
        table.add_row(f"cells, {synthesis.target}", str(synthesis.mapping))
    power = report.power
    if power is not None:
        table.add_row(
            f"power, {power.target}",
            f"{power.energy}, gate by gate on {power.blocks} blocks; wires: {power.wires_in_words}; critical path "
            f"{power.critical_path.ns:.1f} ns",
        )
        if power.budget is not None:
            table.add_row("area, channels", str(power.budget))
    elif synthesis.mapping is not None:
        table.add_row(f"power, {synthesis.target}", "not measured yet; make power TARGET=… does")
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _training(weights: Weights) -> str:
    training = weights.training
    here = "trained here on" if weights.origin == "trained" else "trained on"
    return (
        f"{here} {training.data} ({in_words(training.provenance)}), {training.length}: "
        f"{training.sndr_mean_db:.2f} dB at CR {training.rate[1]:.1f} on its held-out spikes, float"
    )
