"""Properties proved one after the other, two at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from sim.formal.property import Property
from sim.formal.prove import SOLVER, Answer, prove
from sim.formal.results import ProofResult, ProofResults

__all__ = ["is_found_out", "prove_all"]

PROCESSES = 2


def prove_all(properties: Sequence[Property], done: Callable[[ProofResult], None]) -> ProofResults:
    """Prove each; ``done`` is called as they come.

    Raises:
        MissingToolError: Yosys or the solver is not installed.
        YosysError, ProverError: one of them stopped.
    """
    found: dict[str, ProofResult] = {}
    with ThreadPoolExecutor(PROCESSES) as pool:
        asked = {
            pool.submit(prove, given.bench().rtlil(), given.depth, induction=given.induction): given
            for given in properties
        }
        for answer in as_completed(asked):
            given = asked[answer]
            found[given.name] = _result(given, answer.result())
            done(found[given.name])
    return ProofResults(solver=SOLVER, proofs=tuple(found[given.name] for given in properties))


def is_found_out(given: Property) -> bool:
    """Whether the fault that belongs to a property is: whether a run from a reset on breaks it."""
    return prove(given.broken().rtlil(), given.found_within, induction=False).verdict == "refuted"


def _result(given: Property, answer: Answer) -> ProofResult:
    return ProofResult(
        name=given.name,
        component=given.component,
        says=given.says,
        assumes=given.assumes,
        method="induction" if given.induction else "bounded",
        depth=given.depth,
        verdict=answer.verdict,
        reason=answer.reason,
        seconds=round(answer.seconds, 1),
    )
