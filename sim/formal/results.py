"""What was proved: the record of a run, and the document made of it."""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sim.formal.prove import Verdict

__all__ = ["ProofResult", "ProofResults"]

INTRODUCTION = """\
# Proofs

What is proved of the hardware, and not only simulated. `python -m sim.formal --document docs/proofs.md` proves all of
it again and writes this file; `sim/formal` states each property in Amaranth, beside the component itself as it is
emitted, with every input free. Yosys makes an SMT problem of both, and a solver looks for inputs that break the
property.

* *Induction, depth k*: it holds for k cycles from a reset on, and after any k cycles in which it held it holds in the
next. So it always holds.
* *Bounded, depth n*: it holds for the first n cycles after a reset, whatever comes in. Of later ones nothing is said.

A reset may come at any time. No register has a value before the first one, a memory that is written holds zeros.
Streams that go in keep to the contract of streams, and memories give what they hold; what else a component needs of
those around it stands under *assumes*. For every property there is a component with a fault, or one that takes its
receivers for ready when they are not, that is refuted: the solver finds the inputs.

A proof is of one shape of a component, a small one: simulation is what looks at the others. Under *arithmetic* and
*search* factors have 2 or 3 bits, but for a normalizer's, which have all of theirs; a sum has 3 products, or 2 of each
of 2 groups; there are 3 codewords or classes. Sizes are parameters of the components, so that what holds of these is
likely, but not proved, of others. How wide the accumulators of a chip must be for its own sizes is no question for a
solver: `tests/rtl/test_accumulator_widths.py` adds up bounds, term after term, for random specs and shipped designs.

All clocks run, but under *control*, where the registers of a clock request, and of a chip, have the edges alone that
are asked for. So no reason is missed, whatever the encoder does. That all which follows from the last reason is over
by the last edge is not proved: `tests/regress/test_sleep.py` compares every pin of chips that sleep with chips that do
not.
"""


class Record(BaseModel):
    """An immutable part of the record; unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProofResult(Record):
    """What became of a property."""

    name: str
    component: str
    says: str
    assumes: str
    method: Literal["induction", "bounded"]
    depth: int
    verdict: Verdict
    reason: str
    seconds: float
    """That Yosys and the solver took."""


class ProofResults(Record):
    """A run over all properties, or over some."""

    schema_version: int = 1
    solver: str
    proofs: tuple[ProofResult, ...]

    def document(self) -> str:
        """All of it in words, in Markdown."""
        by_induction = sum(proof.method == "induction" and proof.verdict == "proved" for proof in self.proofs)
        bounded = sum(proof.method == "bounded" and proof.verdict == "proved" for proof in self.proofs)
        count = f"{by_induction} properties are proved by induction, {bounded} to a depth, of {len(self.proofs)}."
        return "\n".join([INTRODUCTION, f"{count} The solver is {self.solver}.", *self._sections(), ""])

    def _sections(self) -> Iterator[str]:
        groups: dict[tuple[str, str], list[ProofResult]] = {}
        for proof in self.proofs:
            groups.setdefault((proof.name.split("/")[0], proof.says), []).append(proof)
        last = ""
        for (group, says), proofs in groups.items():
            if group != last:
                yield f"\n## {group.replace('_', ' ').capitalize()}"
                last = group
            yield f"\n{says[0].upper()}{says[1:]}.\n"
            yield "| property | assumes | method | depth | verdict |"
            yield "|---|---|---|---|---|"
            for proof in proofs:
                name = proof.name.partition("/")[2]
                yield f"| {name} | {proof.assumes} | {proof.method} | {proof.depth} | {proof.verdict} |"
