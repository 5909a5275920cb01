"""Energy of a netlist by a second method: Icarus' waveforms times Liberty, with no code of the first one's."""
