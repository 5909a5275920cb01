"""How often each net changes, for a placement that is to spend the least energy in its wires."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.emitted import load_writes
from spikecae.spec import EncoderSpec
from synth.gates.exercise import Exercise
from synth.power.mapped_netlist import read_mapped
from synth.targets.cells import CellTarget

__all__ = ["BLOCKS", "transitions"]

BLOCKS = 2

Progress = Callable[[str, int, int], None]


def transitions(
    spec: EncoderSpec,
    rtl_dir: Path,
    synth_dir: Path,
    target: CellTarget,
    adc: NDArray[np.int16],
    *,
    progress: Progress | None = None,
) -> NDArray[np.int64]:
    """Let the mapped netlist encode two blocks, its parameters loaded, with assumed wires.

    Args:
        spec: what the encoder was emitted from.
        rtl_dir: folder with its manifest and parameters.
        synth_dir: folder with the report and the netlist of the synth stage for ``target``.
        target: the process.
        adc: (n, M, D) ADC codes, of which the first two are taken, or all.
        progress: called with the step's name, how much is done, and of how much.

    Returns:
        (nets,) transitions of each net, glitches among them.

    Raises:
        ValueError: files are missing, or of different specs.
        NetlistStuckError: the netlist does not answer.
    """
    chip = read_mapped(spec.hash, rtl_dir, synth_dir, target)
    simulator, _ = chip.simulator(chip.assumed_wires, "slew")
    exercise = Exercise(simulator, chip.manifest.cycles_per_block)
    exercise.start(load_writes(rtl_dir, chip.manifest))
    exercise.clear()
    blocks = adc[:BLOCKS]
    exercise.feed(blocks)
    for number in range(len(blocks)):
        exercise.run(number + 1)
        if progress is not None:
            progress("transitions", number + 1, len(blocks))
    return simulator.toggles
