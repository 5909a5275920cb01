"""Names of the files that make a bench of its own."""

__all__ = ["BENCH", "VECTORS"]

BENCH = "spike_encoder_bench.v"
VECTORS = ("writes.hex", "samples.hex", "packets.hex")
"""Register writes (offset, value), samples with their ``tlast``, bytes of packets with theirs."""
