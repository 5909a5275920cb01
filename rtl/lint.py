"""What Verilator says of emitted Verilog, and why it does not matter: a waiver file beside it."""

from collections.abc import Iterable

__all__ = ["HARMLESS", "waivers"]

HARMLESS = {
    "CASEINCOMPLETE": "Amaranth assigns a default before every case",
    "WIDTHEXPAND": "Verilog's own extension rules, which Yosys relies on when it writes expressions",
    "WIDTHTRUNC": "likewise, for word selects written as shifts",
    "PROCASSINIT": "registers have an initial value besides their reset",
    "UNUSEDSIGNAL": "Amaranth keeps a wire for every name of the source",
    "DECLFILENAME": "one file holds all modules",
}
"""Warnings that generated Verilog cannot avoid, and why they do not matter. Any other one stops the build."""


def waivers(files: Iterable[str]) -> str:
    """A control file for Verilator, to be read in front of the Verilog.

    Args:
        files: names of the Verilog files that it is for; it says nothing of others.
    """
    names, lines = sorted(files), ["`verilator_config", ""]
    for rule, reason in HARMLESS.items():
        lines += [f"// {reason}", *(f'lint_off -rule {rule} -file "*{file}"' for file in names), ""]
    return "\n".join(lines)
