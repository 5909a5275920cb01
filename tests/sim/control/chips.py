"""Small chips for the bench, each emitted and compiled once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.emit import emit
from rtl.manifest import Manifest
from sim.emitted import load_writes
from spikecae.design import BlockKind, Design
from spikecae.spec import EncoderSpec
from tests.linear_spec import further_point, linear_adc, random_linear_spec
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware
from tests.sim.control.bench import Bench, Epoch
from tests.sim.control.golden_chip import Verdict, judge
from tests.sim.control.packets import Blocks
from tests.sim.control.registers import Memory, Shape
from tests.sim.control.script import Script

__all__ = ["CHIPS", "EVENTS", "Subject", "subject"]

POOL = 24
"""Spikes that the scripts draw from: few, so that golden needs to encode few blocks."""
EVENTS = "events loaded"
CHIPS = ("convolutions built in", "convolutions loaded", "points loaded", "spikes built in", EVENTS)


@dataclass(frozen=True)
class Subject:
    """A chip that scripts are played on."""

    manifest: Manifest
    load: list[tuple[int, int]]
    shape: Shape
    blocks: Blocks
    bench: Bench

    @property
    def room(self) -> int:
        """Snippets that a raw packet has room for."""
        return min(255, self.manifest.packet_buffer_bytes // (2 * self.manifest.samples + 6))

    def play(self, script: Script, seed: int = 1) -> list[Epoch]:
        """What it does."""
        return self.bench.play(script, seed)

    def judge(self, script: Script, seed: int = 1) -> Verdict:
        """Whether it may do so."""
        return judge(script, self.play(script, seed), self.shape, self.blocks, self.room)


def subject(kind: str, tiny: Design, folder: Path, models: Path) -> Subject:
    """One of :data:`CHIPS`."""
    knobs: dict[str, object] = {"packet_blocks": 4, "parameters": "ram" if kind.endswith("loaded") else "rom"}
    specs: tuple[EncoderSpec, ...]
    if kind.startswith("convolutions"):
        specs, pool = (random_spec(tiny, 3),), random_adc(tiny, POOL, 3)[:, 0]
    elif kind == EVENTS:
        specs = (random_linear_spec(3, 16, 4, joint=True, classes=1, seed=1),)
        pool, knobs = linear_adc(specs[0], POOL // 3, 3).reshape(POOL, 16), knobs | {"fold": 4}
    else:
        points = kind.startswith("points")
        one = random_linear_spec(2 if points else 1, 16, 4, joint=False, classes=3 if points else 1, seed=1)
        specs = (one, *(further_point(one, gain, 1) for gain in ((0.6, 0.8) if points else ())))
        pool, knobs = linear_adc(one, POOL, 3)[:, 0], knobs | {"fold": 4}
    return made(specs, pool, knobs, folder, models, "neighbourhood" if kind == EVENTS else "queue")


def made(
    specs: Sequence[EncoderSpec],
    pool: NDArray[np.int16],
    knobs: dict[str, object],
    folder: Path,
    models: Path,
    block: BlockKind = "queue",
) -> Subject:
    """Emit and compile a chip."""
    manifest = emit(specs[0], hardware(**knobs), folder, others=specs[1:], block=block)  # type: ignore[arg-type]
    load = load_writes(folder, manifest)
    listed = json.loads((folder / "registers.json").read_text(encoding="utf-8"))["memories"]
    widths = {memory.short_name: memory.width for memory in manifest.memories}
    memories = tuple(
        Memory(m["name"], m["offset"], m["words"], m["bus_words_per_word"], widths[m["name"]]) for m in listed
    )
    shape = Shape(
        packet_blocks=manifest.packet_blocks,
        points=len(specs),
        hashes=tuple(int(spec.hash[:8], 16) for spec in specs),
        window=min(memory.offset for memory in memories) if memories else None,
        memories=memories,
        right={offset: value for offset, value in load if offset >= 1 << 12},
        whole=block == "neighbourhood",
    )
    bench = Bench((folder / manifest.verilog).read_text(encoding="utf-8"), manifest, models)
    return Subject(manifest, load, shape, Blocks(specs, pool), bench)
