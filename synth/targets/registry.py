"""Names of targets, and the processes among them: each process's file registers its own."""

from typing import TypeVar

from spikecae.design import WITHOUT_MACROS
from synth.targets.fpga import FPGAS
from synth.targets.process import Process

__all__ = ["PROCESSES", "WITHOUT_CELLS", "register"]

P = TypeVar("P", bound=Process)

WITHOUT_CELLS = {
    "generic": "Yosys word-level statistics of the flattened module; memories counted in bits",
    "gates": "the same, and the encoder mapped by Yosys to static CMOS gates of up to four inputs, without a library",
}
"""What needs no cell library, and how it is done. ``gates`` takes minutes."""

PROCESSES: dict[str, Process] = {}
"""By name."""


def register(process: P) -> P:
    """Make a process known by its name.

    Raises:
        ValueError: the name is taken.
    """
    if process.name in {*PROCESSES, *WITHOUT_CELLS, *WITHOUT_MACROS, *FPGAS}:
        raise ValueError(f"there is a target {process.name!r} already; give the process another name")
    PROCESSES[process.name] = process
    return process
