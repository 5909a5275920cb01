"""Each mutant by itself in a process of its own: whatever it does, the next one is not touched."""

import multiprocessing
import resource
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from sim.batch import HangError, ProtocolError
from sim.grade.bench import BENCHES, OF_PARAMETERS
from sim.grade.chip import Chip, FaultFound, Subject
from sim.grade.control_bench import CONTROL_BENCHES
from sim.grade.long_bench import LONG_BENCHES

__all__ = ["ALL_BENCHES", "Verdict", "examine", "judge", "run_benches"]

ALL_BENCHES = (*BENCHES, *CONTROL_BENCHES, *LONG_BENCHES)
LIMIT_S = 60
"""Of the processor: a chip without fault takes a few."""
NOTICED = (FaultFound, HangError, ProtocolError)
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    number: int
    bench: str | None
    """That has noticed it; None: it survives."""
    message: str
    """The first thing that the bench says."""


def judge(library: Path, subjects: Sequence[Subject], numbers: Iterable[int], processes: int = 1) -> Iterator[Verdict]:
    """Put mutants through all benches, each up to the first that notices it.

    Args:
        library: compiled with the mutants.
        subjects: the chip, and the same with other parameters.
        numbers: of the mutants.
        processes: at a time.

    Raises:
        RuntimeError: the chip without fault does not pass, or a mutant could not be woken.
    """
    sound, recorded = examine(library, subjects, 0, None)
    if sound.bench is not None:
        raise RuntimeError(f"the chip without fault does not pass {sound.bench}: {sound.message}")
    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(lambda number: examine(library, subjects, number, recorded)[0], numbers)


def examine(
    library: Path, subjects: Sequence[Subject], number: int, recorded: dict[str, object] | None
) -> tuple[Verdict, dict[str, object]]:
    """Put one mutant through all benches, up to the first that notices it.

    Args:
        library, subjects: as for :func:`judge`.
        number: of the mutant; 0 is the chip without fault.
        recorded: what the chip without fault has shown; None: this is that one.

    Returns:
        The verdict, and what the chip has shown.

    Raises:
        RuntimeError: the mutant could not be woken, which says nothing of the benches.
    """
    ours, theirs = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_run, args=(library, subjects, number, recorded, theirs))
    child.start()
    theirs.close()
    try:
        bench, message, shown = ours.recv()
        if shown is None:
            raise RuntimeError(f"mutant {number} could not be woken: {message}")
        return Verdict(number, bench, message), shown
    except EOFError:
        child.join()
        if child.exitcode == -signal.SIGXCPU:
            return Verdict(number, "time", f"not done within {LIMIT_S} s"), {}
        return Verdict(number, "simulator", "the simulation breaks off: its signals do not settle"), {}
    finally:
        child.join()
        ours.close()


def _run(
    library: Path, subjects: Sequence[Subject], number: int, recorded: dict[str, object] | None, answer: Connection
) -> None:
    bench, shown = "load", dict[str, object]()
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, 2 * LIMIT_S))
    try:
        chip = Chip(library, subjects[0], number, recorded)
        shown = chip.shown
        for name in run_benches(chip, subjects):
            bench = name
    except Exception as error:  # whatever a bench makes of a chip that is at fault, it has noticed it
        woken = bench != "load" or isinstance(error, NOTICED)
        answer.send((bench, f"{type(error).__name__}: {error}"[:300], shown if woken else None))
    else:
        answer.send((None, "", shown))


def run_benches(chip: Chip, subjects: Sequence[Subject]) -> Iterator[str]:
    """All benches of a chip, those of other parameters behind; each one's name before it runs.

    Raises:
        FaultFound, HangError, ProtocolError: the chip is not as it should be.
    """
    for subject, benches in ((subjects[0], ALL_BENCHES), *((other, OF_PARAMETERS) for other in subjects[1:])):
        chip.become(subject)
        for bench in benches:
            yield bench.__name__
            chip.restart()
            bench(chip)
