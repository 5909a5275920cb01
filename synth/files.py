"""Names of what the synth and power stages leave."""

__all__ = ["NETLIST"]

NETLIST = "netlist.json.gz"
"""The mapped netlist, as Yosys writes JSON: the chip's units as modules, memories for macros left whole."""
