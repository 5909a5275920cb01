"""Simulation of a mapped netlist, gate by gate, with delays."""
