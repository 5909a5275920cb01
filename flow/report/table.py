"""The table that a run ends with."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from flow.report.schema import Coder, Report

__all__ = ["print_table"]


def print_table(path: Path, console: Console) -> None:
    """Print what ``report.json`` says.

    Raises:
        FileNotFoundError: there is no report.
        ValueError: it is not a report of this version.
    """
    report = Report.model_validate_json(path.read_bytes())
    data, encoder, simulation = report.data, report.encoder, report.simulation
    table = Table(title=f"{report.design}: {data.source} ({data.provenance})", title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("test spikes", f"{data.test_blocks * data.spikes_per_block:,} in {data.test_blocks:,} blocks")
    table.add_row("float", _coder(report.float_model, report.codewords))
    table.add_row("8-bit", _coder(report.eight_bit, report.codewords))
    gap = report.baseline.gap_db
    table.add_row(
        "PCA at equal bits",
        f"{report.baseline.sndr_mean_db:.2f} dB at {report.baseline.bits_per_spike:.1f} bits per spike: "
        f"the encoder is {abs(gap):.2f} dB {'better' if gap >= 0 else 'worse'}",
    )
    if report.weights.origin == "shipped":
        training = report.weights.training
        table.add_row(
            "shipped weights",
            f"trained on {training.data} ({training.provenance}): {training.sndr_mean_db:.2f} dB at CR "
            f"{training.cr_entropy:.1f} on its held-out spikes, float",
        )
    table.add_section()
    table.add_row(
        "golden = PyTorch", f"{report.golden_check_values:,} values of {report.golden_check_blocks:,} blocks, all equal"
    )
    verdict = "[green]0 mismatches[/]" if not simulation.mismatches else f"[red]{simulation.mismatches} mismatches[/]"
    table.add_row("Verilog = golden", f"{simulation.values_compared:,} values of {simulation.blocks} blocks, {verdict}")
    table.add_row(
        "cycles per block",
        f"{simulation.cycles_per_block_measured:.1f} measured, {simulation.cycles_per_block_predicted} predicted "
        f"(fold {encoder.fold}); {simulation.spikes_per_s:,.0f} spikes/s at {encoder.clock_mhz:g} MHz",
    )
    table.add_section()
    table.add_row(
        "arithmetic",
        f"{encoder.macs_per_spike:,.0f} MAC per spike; {encoder.multipliers} multipliers, "
        f"{100 * encoder.utilisation:.0f} % busy, and {encoder.search_multipliers} in the codeword search",
    )
    constants, working = encoder.rom_bits / 8192, encoder.ram_bits / 8192
    table.add_row("memory", f"{constants:,.1f} KiB of constants, {working:,.2f} KiB of working memory")
    console.print()
    console.print(table)
    console.print(f"pictures: {path.with_name('report.html')}")


def _coder(coder: Coder, codewords: int) -> str:
    return (
        f"SNDR {coder.sndr_mean_db:.2f} dB; CR {coder.cr_entropy:.1f} entropy, {coder.cr_huffman:.1f} Huffman, "
        f"{coder.cr_wire:.1f} wire; {coder.codewords_used} of {codewords} codewords"
    )
