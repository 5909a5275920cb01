"""Chips that sleep beside the same that do not: 110,000 wake-ups, and no pin differs. Run by ``make regress``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtl.emit import emit
from rtl.files import COMPRESSOR, ENCODER
from sim.emitted import load_writes
from spikecae.design import Design
from spikecae.front_end.front_end import FrontEnd
from spikecae.spec import EncoderSpec
from tests.linear_spec import further_point, random_linear_spec
from tests.planted import BAND, front_end
from tests.random_spec import random_spec
from tests.rtl.shapes import hardware
from tests.sim.pair import TERMS, Pair

pytestmark = [pytest.mark.regress, pytest.mark.timeout(3600)]

FEW = 4000
"""Wake-ups in which a reason that is left out must be noticed."""


@dataclass(frozen=True)
class Chip:
    """What is emitted, and how often it is to wake. ``unused`` are reasons that it never has alone."""

    specs: tuple[EncoderSpec, ...]
    knobs: dict[str, object]
    wakes: int
    unused: tuple[str, ...] = ()
    front_end: FrontEnd | None = None


def _linear(tiny: Design) -> Chip:
    first = random_linear_spec(2, 16, 4, joint=False, classes=3, seed=1)
    points = (first, *(further_point(first, gain, 1) for gain in (0.6, 0.8)))
    return Chip(points, {"fold": 4, "parameters": "ram", "packet_blocks": 4}, 60_000, ("overrun",))


def _convolutions(tiny: Design) -> Chip:
    return Chip((random_spec(tiny, 1),), {"fold": 1, "parameters": "rom"}, 15_000, ("supervising", "overrun"))


def _neighbourhoods(tiny: Design) -> Chip:
    spec = random_spec(tiny, 1)
    detector = front_end(4, spec.spikes, samples=spec.samples, queue=3)
    return Chip((spec,), {"fold": 2, "parameters": "ram"}, 15_000, ("overrun",), detector)


def _queue(tiny: Design) -> Chip:
    spec = random_linear_spec(1, 16, 4, joint=False, classes=1, seed=2)
    detector = front_end(4, 0, samples=16, queue=3, band_pass=BAND)
    return Chip((spec,), {"fold": 4, "parameters": "rom", "packet_blocks": 3}, 20_000, ("supervising",), detector)


@pytest.mark.parametrize("made", [_linear, _convolutions, _neighbourhoods, _queue])
def test_nothing_is_lost_in_sleep(tiny: Design, made: Callable[[Design], Chip], models: Path, tmp_path: Path) -> None:
    chip = made(tiny)
    spec, knobs = chip.specs[0], hardware(**chip.knobs)
    manifest = emit(spec, knobs, tmp_path, front_end=chip.front_end, others=chip.specs[1:])
    top = COMPRESSOR if chip.front_end else ENCODER
    channels = chip.front_end.channels if chip.front_end else 0
    pair = Pair(tmp_path / f"{top}.v", manifest, load_writes(tmp_path, manifest), spec.samples, models, channels)
    slept = pair.run(chip.wakes)
    print(slept)
    assert (slept.differs, slept.wakes) == (-1, chip.wakes)
    assert slept.asleep > slept.cycles / 10
    assert slept.packets > chip.wakes / 40
    for term in TERMS:
        found = pair.run(FEW, without=term).differs
        assert (found < 0) == (term in chip.unused), f"without {term}: {found}"
