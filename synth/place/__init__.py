"""Where the cells and macros of a mapped netlist lie, and how long that makes its wires: a placement, not a routing."""
