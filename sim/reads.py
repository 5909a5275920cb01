"""How often each word of the parameter memories is read for a block, counted while the Verilog runs."""

import numpy as np
from numpy.typing import NDArray

from sim.batch import BatchSimulator

__all__ = ["reads_per_block"]


def reads_per_block(simulator: BatchSimulator, adc: NDArray[np.int16]) -> dict[str, NDArray[np.float64]]:
    """Reads of every word by the encoder, divided by the blocks it encodes meanwhile.

    Both counts are taken with nothing under way: what is fetched ahead for the next block at the end was fetched
    ahead for the first one at the beginning.

    Args:
        simulator: a chip that runs, in any state; fewer blocks than its next check of the parameters are left.
        adc: blocks (n, M, D) to run.

    Returns:
        (words,) reads a block, by the memory's short name.
    """
    manifest = simulator.manifest
    simulator.step(4 * manifest.cycles_per_block + manifest.latency_cycles)
    before = simulator.parameter_reads
    simulator.feed(adc)
    simulator.run(simulator.frames + len(adc))
    simulator.step(2 * manifest.cycles_per_block + manifest.latency_cycles)
    return {name: (counts - before[name]) / len(adc) for name, counts in simulator.parameter_reads.items()}
