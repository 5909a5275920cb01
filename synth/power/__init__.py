"""What a netlist's activity costs, and how many channels that leaves."""
