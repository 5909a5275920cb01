"""What is graded: a chip of a shipped design, compiled with mutants in it, and blocks for several parameters."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from rtl.emit import emit
from rtl.host.load import load_writes, offsets_of
from rtl.manifest import Manifest
from rtl.planning import make_plan
from sim.grade.blocks import blocks_of_all_kinds, with_all_lengths
from sim.grade.chip import PRESET, Subject
from sim.grade.mutants import NETLIST, Mutant, with_mutants
from sim.grade.random_parameters import with_random_parameters
from sim.verilate import build_library
from spikecae.design import Hardware, load_design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, load_spec

__all__ = ["DESIGNS", "Graded", "graded", "subjects_of"]

DESIGNS = Path("designs")
BLOCKS = 24
RANDOM_PARAMETERS = (1, 2)
"""Seeds of the other parameters."""
RANDOM_BLOCKS = 72
"""For each of them: a low bit seldom decides which codeword is the nearest."""


@dataclass(frozen=True)
class Graded:
    """A compiled chip of which one mutant at a time may be woken."""

    design: str
    library: Path
    netlist: Path
    subjects: list[Subject]
    """The chip with the design's parameters, and with others."""
    mutants: list[Mutant]


def graded(design: str, folder: Path, *, per_unit: int, seed: int, without: Collection[str] = ()) -> Graded:
    """Emit and compile a shipped design with mutants.

    Args:
        design: a name in ``designs/``; its parameters are loaded and its chip has one operating point.
        folder: where everything is written.
        per_unit: mutants of each unit.
        seed: of their choice.
        without: units that are left out.

    Raises:
        FileNotFoundError: there is no such design.
        MissingToolError, BuildError: as :func:`sim.verilate.build_library`.
    """
    spec, hardware = load_spec(DESIGNS / design), load_design(DESIGNS / f"{design}.toml").hardware
    made = emit(spec, hardware, folder / design / "rtl")
    verilog, manifest, mutants = with_mutants(
        folder / design / "rtl",
        made,
        folder / design,
        per_unit=per_unit,
        seed=seed,
        without=without,
        preset=[register for _, register in PRESET],
    )
    library = build_library(verilog, manifest, folder / "verilated", registers=PRESET)
    subjects = subjects_of(spec, hardware, manifest)
    return Graded(design, library, folder / design / NETLIST, subjects, mutants)


def subjects_of(spec: EncoderSpec, hardware: Hardware, manifest: Manifest) -> list[Subject]:
    """A chip with its own parameters, then with others, and blocks for each.

    Args:
        spec: what the chip was emitted from.
        hardware: the knobs it was emitted with.
        manifest: the chip's.
    """
    subjects = list[Subject]()
    for own in (spec, *(with_random_parameters(spec, hardware, number) for number in RANDOM_PARAMETERS)):
        adc = blocks_of_all_kinds(own, RANDOM_BLOCKS if subjects else BLOCKS, len(subjects))
        adc = with_all_lengths(own, adc, len(subjects))
        its, plan = manifest.model_copy(update={"spec_hash": own.hash}), make_plan(own, hardware)
        subjects.append(Subject(own, its, load_writes(plan), offsets_of(plan), adc, encode(own, adc)))
    return subjects
