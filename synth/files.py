"""Names of what the synth, place and power stages leave."""

__all__ = ["CLOCK", "NETLIST", "PLACED_CLOCK", "PLACED_DEF", "PLACED_NETS", "PLACEMENT", "PLACE_REPORT"]

NETLIST = "netlist.json.gz"
"""The mapped netlist, as Yosys writes JSON: the chip's units as modules, memories for macros left whole."""
CLOCK = "aclk"
"""The chip's clock, as its ports name it."""
PLACE_REPORT = "place.json"
PLACEMENT = "placement.npz"
"""Where everything lies."""
PLACED_NETS = "wires.npy"
"""(nets,) length of each net's wire, µm."""
PLACED_DEF = "placement.def"
"""Where everything lies, for layout programs."""
PLACED_CLOCK = "clock_tree.npz"
"""Buffers of the clock's tree, and its wires."""
