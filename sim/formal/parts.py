"""Small components, each to be looked at by itself, and chips that they are taken from."""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Fragment, Module
from amaranth.lib import wiring

from rtl.front_end.spike_detector import SpikeDetector
from rtl.host.clock_request import ClockRequest
from rtl.levels.level_coder import LevelCoder
from rtl.planning import make_plan
from rtl.search.vector_search import VectorSearch
from rtl.shape.feed import Feed
from rtl.shape.level_plan import LevelPlan
from rtl.shape.plan import Plan
from rtl.shape.products import DotPlan
from rtl.shape.search_plan import plan_search
from rtl.spike_encoder import SpikeEncoder
from rtl.units.projector import Projector
from rtl.units.word_buffer import WordBuffer
from spikecae.design import load_design
from spikecae.front_end.front_end import FrontEnd, turns_for
from spikecae.spec import load_spec
from spikecae.stages import Codebook, SubVector, VectorQuantizer

__all__ = ["LEVELS", "chip_of_any_encoder", "component", "search_of"]

DESIGNS = Path(__file__).resolve().parents[2] / "designs"


@cache
def _plan_of(chip: str) -> Plan:
    """The plan of a shipped design's encoder, from its shipped spec."""
    return make_plan(load_spec(DESIGNS / chip), load_design(DESIGNS / f"{chip}.toml").hardware)


def _projection(**changes: Any) -> Projector:
    """The last convolution of ``tiny``, of two groups and two samples."""
    plan: DotPlan = next(dot for dot in _plan_of("tiny").dots if not dot.requantized)
    plan = replace(plan, groups=2, samples=2, **changes)
    return Projector(plan, plan.step_weight_bits if plan.direct else 64, 8)


def search_of(codewords: int, *, early_exit: bool = False, taps: int = 2) -> VectorSearch:
    """A search of two sub-vectors of two elements of 2 bits, one after the other.

    Args:
        codewords: how many.
        early_exit: whether candidates that cannot win are left out.
        taps: elements that are multiplied in a cycle.
    """
    table = (SubVector(0, 2, codebook=0, code_table=0), SubVector(2, 2, codebook=0, code_table=0))
    book = Codebook(np.zeros((codewords, 2), np.int8), np.zeros(codewords, np.int32))
    hardware = load_design(DESIGNS / "tiny.toml").hardware
    hardware = hardware.model_copy(update={"parameters": "ram", "early_exit": early_exit, "stationary": "none"})
    stage = VectorQuantizer("vq", exponent=0, codebooks=(book,), table=table)
    # One lane of two multipliers is the smallest that is as fast as that; with more time, one multiplier is.
    plan = plan_search(stage, 2, hardware, budget=2 * codewords + 5 if taps == 2 else 100)
    return VectorSearch(replace(plan, port_bytes=2), table, features=2, samples=2, lanes=1)


LEVELS = LevelPlan(
    **{"latents": 4, "columns": 2, "elements": 2, "bits": 5, "fraction": 1, "rounding": 1, "residual_bits": 6},
    **{"level_bits": 5, "classes": 2, "element_bits": 4, "taps": 2, "bias_bits": 10, "score_bits": 14},
    **{"symbol_bits": 4, "number_bits": 5, "order": 1},
    groups=(2, 2),
    symbols=((10, 10),),
)
"""Columns of four levels in two groups, behind one of two classes."""


SMALL = FrontEnd(
    channels=4,
    samples=6,
    peak=2,
    polarity="negative",
    frames=60,
    bits=6,
    gain=119,
    search=2,
    refractory=3,
    noise_shift=5,
    turns=turns_for(4, 7),
    queue=3,
)


def _detector() -> SpikeDetector:
    """Of neighbourhoods of two."""
    neighbours, close = ((0, 1), (0, 1), (1, 2), (2, 3)), ((0, 1), (0, 2), (1, 3), (2, 3))
    return SpikeDetector(replace(SMALL, neighbours=neighbours, close=close))


def _early_detector() -> SpikeDetector:
    """Of queues, whose snippets are copied in two parts."""
    return SpikeDetector(replace(SMALL, channels=16, turns=turns_for(16, 7), samples=12, frames=14))


TOPS: dict[str, Callable[[], Any]] = {
    "tiny": lambda: SpikeEncoder(_plan_of("tiny")),
    "lite": lambda: SpikeEncoder(_plan_of("lite")),
    "projection": _projection,
    "direct": lambda: _projection(direct=True),
    "search": lambda: search_of(2),
    "levels": lambda: LevelCoder(LEVELS),
    "detector": _detector,
    "early": _early_detector,
    "word": lambda: WordBuffer(Feed(1, 8, 8, "chunks of each spike")),
}
"""What components are taken from: two shipped designs, and what of these would be too large."""


@cache
def _parts(top: str) -> dict[str, Any]:
    """The first of each kind of component, by its class's name."""
    found: dict[str, Any] = {}
    for part in _within(Fragment.get(TOPS[top](), None)):
        found.setdefault(type(part).__name__, part)
    return found


def _within(fragment: Fragment) -> Iterator[Any]:
    yield from (made for made in fragment.origins or () if isinstance(made, wiring.Component))
    for part, *_ in fragment.subfragments:
        yield from _within(part)


def component(kind: str, top: str) -> Any:
    """The first component of a kind in a top.

    Raises:
        KeyError: it has none.
    """
    return _parts(top)[kind]


class _AnyEncoder(wiring.Component):
    """What has an encoder's members, and does anything: each output is free.

    Args:
        encoder: the one in whose place it stands.
    """

    def __init__(self, encoder: Any) -> None:
        self.store = encoder.store
        super().__init__(dict(encoder.signature.members))

    def elaborate(self, platform: object) -> Module:
        return Module()


def chip_of_any_encoder() -> Any:
    """The chip of ``lite``, whose encoder may do anything, and whose clock goes on for few cycles."""
    chip = copy(component("Chip", "lite"))
    chip.encoder = _AnyEncoder(chip.encoder)
    chip.request = ClockRequest(3)
    return chip
