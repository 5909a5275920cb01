"""All components and signatures of the generator, found in its modules, and those that small chips are made of."""

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from amaranth.hdl import Fragment
from amaranth.lib import wiring

import rtl
from rtl.front_end.spike_detector import SpikeDetector
from rtl.host.supervisor import Supervisor
from rtl.memory.sized import SizedMemory
from rtl.planning import make_plan
from rtl.spike_compressor import SpikeCompressor
from rtl.spike_encoder import SpikeEncoder
from rtl.units.clocked import Clocked
from spikecae.design import Design
from tests.linear_spec import further_point, random_linear_spec
from tests.planted import BAND, front_end, in_parts
from tests.random_spec import random_spec
from tests.rtl.shapes import hardware

Described = wiring.Component | wiring.Signature


@dataclass(frozen=True)
class Made:
    """A component or a signature, and what its constructor was given, by parameter."""

    instance: Described
    given: dict[str, object]


def component_classes() -> Iterator[type[wiring.Component]]:
    """Every component that a module of the generator defines, besides what only names another one's ports."""
    yield from _classes(wiring.Component)


def signature_classes() -> Iterator[type[wiring.Signature]]:
    """Every signature that a module of the generator defines."""
    yield from _classes(wiring.Signature)


def _classes(base: type) -> Iterator[type]:
    for found in pkgutil.walk_packages(rtl.__path__, "rtl."):
        module = importlib.import_module(found.name)
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, base) and kind.__module__ == module.__name__:
                yield kind


def all_made(tiny: Design) -> dict[type, list[Made]]:
    """Every component and signature that small chips are made of: loadable, with a front end, and built in, with early
    exit; and those of a linear encoder, with one operating point and with four. Those of the first chip come first."""
    made: dict[type, list[Made]] = {}
    with pytest.MonkeyPatch.context() as patch:
        for kind in [*component_classes(), *signature_classes()]:
            patch.setattr(kind, "__init__", _noting(kind, made.setdefault(kind, [])))
        spec = random_spec(tiny, 1)
        loadable = make_plan(spec, hardware(2, parameters="ram"))
        built_in = make_plan(spec, hardware(1, early_exit=True))
        first = random_linear_spec(2, 16, 4, joint=False, classes=3, seed=1)
        linear = make_plan(first, hardware(4))
        one_word = make_plan(random_linear_spec(1, 16, 4, joint=False, classes=3, seed=1, decimation=1), hardware(4))
        events = make_plan(first, hardware(4), block="neighbourhood")
        points = make_plan(first, hardware(4), [further_point(first, gain, 1) for gain in (0.6, 0.7, 0.8)])
        detector = front_end(4, 2, samples=spec.samples, band_pass=BAND)
        for top in (
            SpikeEncoder(loadable),
            SpikeCompressor(detector, loadable),
            SpikeEncoder(built_in),
            SpikeEncoder(linear),
            SpikeEncoder(one_word),
            SpikeEncoder(events),
            SpikeEncoder(points),
            SpikeDetector(in_parts(5)),
        ):
            Fragment.get(top, None)
        Clocked(Supervisor(loadable=False), "inner")
    return made


def instances(tiny: Design) -> dict[str, wiring.Component]:
    """One of each component, by its class's name."""
    # A memory is no component with ports of its own, and a clock domain none with logic of its own.
    kinds = [kind for kind in component_classes() if kind not in (SizedMemory, Clocked)]
    made = all_made(tiny)
    return {kind.__name__: made[kind][0].instance for kind in kinds}


def _noting(kind: type[Described], made: list[Made]):
    """Its constructor, which also notes what it was given."""
    construct = kind.__init__

    @functools.wraps(construct)
    def noting(self: Described, *args: object, **named: object) -> None:
        construct(self, *args, **named)
        if type(self) is kind:  # and no class that is derived from it
            given = inspect.signature(construct).bind(self, *args, **named)
            given.apply_defaults()
            made.append(Made(self, given.arguments))

    return noting


def latency_of(kind: type[wiring.Component]) -> int:
    """The first number of cycles that a component's docstring names as its latency."""
    found = re.search(r"^Latency: \D*(\d+) cycle", inspect.getdoc(kind) or "", re.M)
    assert found, f"{kind.__name__} names no latency as a number"
    return int(found[1])
