"""Whether the benches see faults: mutants of the emitted Verilog, run against golden."""
