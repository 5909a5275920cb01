"""All components of the generator, found in its modules, and an instance of each as a small chip makes it."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest
from amaranth.back import verilog
from amaranth.lib import wiring

import rtl
from rtl.memory.sized import SizedMemory
from rtl.shape.plan import make_plan
from rtl.spike_compressor import SpikeCompressor
from rtl.spike_encoder import SpikeEncoder
from rtl.units.clocked import Clocked
from spikecae.design import Design
from tests.planted import front_end
from tests.random_spec import random_spec
from tests.rtl.shapes import hardware


def component_classes() -> Iterator[type[wiring.Component]]:
    """Every component that a module of the generator defines, besides what only names another one's ports."""
    for found in pkgutil.walk_packages(rtl.__path__, "rtl."):
        module = importlib.import_module(found.name)
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, wiring.Component) and kind.__module__ == module.__name__:
                yield kind


def instances(tiny: Design) -> dict[str, wiring.Component]:
    """One of each class, by its name: those of a compressor and an encoder, as they are when these are elaborated."""
    made: dict[str, wiring.Component] = {}
    # A memory is no component with ports of its own, and a clock domain none with logic of its own.
    classes = [kind for kind in component_classes() if kind not in (SizedMemory, Clocked)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMARANTH_USE_YOSYS", "builtin")
        for kind in classes:
            patch.setattr(kind, "elaborate", recorded(kind, made))
        spec = random_spec(tiny, 1)
        plan = make_plan(spec, hardware(2, parameters="ram"))
        tops = [SpikeEncoder(plan), SpikeCompressor(front_end(4, 2, samples=spec.samples), plan)]
        for top in tops:
            verilog.convert(top, name="top", emit_src=False)
    return made


def recorded(kind: type[wiring.Component], made: dict[str, wiring.Component]):
    """Its ``elaborate``, which also notes whose it is."""
    elaborate = kind.elaborate

    def noting(self: wiring.Component, platform: object):
        made.setdefault(type(self).__name__, self)
        return elaborate(self, platform)

    return noting


def latency_of(kind: type[wiring.Component]) -> int:
    """The first number of cycles that a component's docstring names as its latency."""
    found = re.search(r"^Latency: \D*(\d+) cycle", inspect.getdoc(kind) or "", re.M)
    assert found, f"{kind.__name__} names no latency as a number"
    return int(found[1])
