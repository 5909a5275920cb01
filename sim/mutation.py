"""Fault injection: single weight bits flipped in the Verilog's memories, which the comparison must notice.

A mutation is one bit of one weight of the spec. Where it lies in the memories follows from the images of the
spec with and without it; whether it matters, golden decides.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtl.host.load import load_writes, offsets_of
from rtl.host.register_map import WINDOW_BITS, register
from rtl.manifest import STORE
from rtl.memory.parameter_memory import BUS_BITS
from rtl.planning import make_plan
from rtl.shape.plan import Plan
from sim.batch import BatchSimulator
from sim.compare import Comparison, compare
from sim.verilate import MEMORY_VARIABLE
from spikecae.design import Hardware
from spikecae.golden import EncodedBlocks, encode
from spikecae.spec import EncoderSpec

__all__ = ["Mutation", "choose_mutations", "flip_in_load", "flip_in_spec", "flip_in_verilog", "run_mutation"]


@dataclass(frozen=True)
class Mutation:
    """A flipped bit, in the spec and in the chip."""

    stage: str
    """As :meth:`spikecae.stages.base.Stage.coefficients` names it."""
    weight: tuple[int, ...]
    """Index into the stage's coefficients: weights (output, input, tap), or codewords (word, element)."""
    weight_bit: int
    memory: str
    word: int
    bit: int


def choose_mutations(
    spec: EncoderSpec, hardware: Hardware, adc: NDArray[np.int16], count: int, seed: int
) -> Iterator[Mutation]:
    """Random weight bits that change at least one output byte of these blocks, each from its own place.

    Args:
        spec: the encoder.
        hardware: knobs.
        adc: (n, M, D) blocks that the mutants will be run on.
        count: how many.
        seed: of the choice.

    Raises:
        ValueError: after 50 tries for each, too few bits matter; give more blocks.
    """
    draw = np.random.default_rng(seed)
    unflipped = encode(spec, adc).payloads
    before = _memories(make_plan(spec, hardware))
    arrays = dict(_weights(spec))
    stages = list(arrays)
    chosen: set[tuple[str, int, int]] = set()
    for _ in range(50 * count):
        if len(chosen) == count:
            return
        stage = stages[draw.integers(len(stages))]
        weight = tuple(int(draw.integers(size)) for size in arrays[stage].shape)
        bit = int(draw.integers(8))
        try:
            flipped = flip_in_spec(spec, stage, weight, bit)
            after = _memories(make_plan(flipped, hardware))
        except ValueError:  # a spec that its own checks refuse, or a weight wider than the chip's
            continue
        if encode(flipped, adc).payloads == unflipped:
            continue
        place = _difference(before, after)
        if place not in chosen:
            chosen.add(place)
            yield Mutation(stage, weight, bit, *place)
    raise ValueError(f"only {len(chosen)} of {count} bits were found that change {len(adc)} blocks; give more blocks")


def flip_in_spec(spec: EncoderSpec, stage: str, weight: tuple[int, ...], bit: int) -> EncoderSpec:
    """The spec with one bit of one coefficient flipped.

    Raises:
        ValueError: the stage has none, or refuses the new one.
    """
    stages = []
    found = False
    for item in spec.stages:
        own = dict(item.coefficients())
        if stage in own:
            values = own[stage].copy()
            values.view(np.uint8)[weight] ^= 1 << bit
            item, found = item.with_coefficients(stage, values), True
        stages.append(item)
    if not found:
        raise ValueError(f"no stage {stage!r} has weights; these have: {', '.join(dict(_weights(spec)))}")
    return replace(spec, stages=tuple(stages))


def run_mutation(
    simulator: BatchSimulator, plan: Plan, mutation: Mutation, adc: NDArray[np.int16], golden: EncodedBlocks
) -> Comparison:
    """Run blocks on a chip that was loaded with the bit flipped, and load it as it should be.

    Args:
        simulator: of a chip with loadable parameters; it is reset.
        plan: that chip's.
        mutation: the bit.
        adc: (n, M, D) blocks.
        golden: what the unflipped spec makes of them.
    """
    simulator.reset(load=flip_in_load(plan, mutation))
    try:
        simulator.feed(adc)
        simulator.run(len(adc))
        return compare(simulator.manifest, golden, simulator.take_taps(len(adc)), simulator.payloads)
    finally:
        simulator.reset(load=load_writes(plan))


def flip_in_load(plan: Plan, mutation: Mutation) -> list[tuple[int, int]]:
    """The writes that load a chip, with the bit flipped and the CRC of that.

    Raises:
        ValueError: the parameters are built in.
    """
    writes, words = load_writes(plan), offsets_of(plan)[mutation.memory.removeprefix(f"{STORE}.")]
    lane, bit = divmod(mutation.bit, BUS_BITS)
    place = words[mutation.word][lane]
    flipped = [(offset, value ^ (offset == place) << bit) for offset, value in writes]
    image = b"".join(value.to_bytes(4, "little") for offset, value in flipped if offset >> WINDOW_BITS)
    return [(o, zlib.crc32(image) if o == register("crc_expected").offset else value) for o, value in flipped]


def flip_in_verilog(text: str, top: str, mutation: Mutation) -> str:
    """The Verilog with the bit flipped in its memory's table, where parameters are built in.

    Raises:
        ValueError: the text has no such memory or word.
    """
    name = f"{top}.{mutation.memory}.{MEMORY_VARIABLE}"
    module = re.search(rf"^module \\{re.escape(name)} .*?^endmodule", text, re.M | re.S)
    word = rf"^ *\d+'h0*{mutation.word:x}(?:, [^:\n]*)?:\n *word = (\d+)'h([0-9a-f]+);"
    found = module and re.search(word, module.group(), re.M)
    if not module or not found:
        raise ValueError(f"no word {mutation.word} of memory {mutation.memory!r} in this Verilog")
    value = int(found.group(2), 16) ^ 1 << mutation.bit
    start, end = (module.start() + at for at in found.span(2))
    return f"{text[:start]}{value:0{end - start}x}{text[end:]}"


def _weights(spec: EncoderSpec) -> Iterator[tuple[str, NDArray[np.int8]]]:
    for stage in spec.stages:
        yield from stage.coefficients()


def _memories(plan: Plan) -> dict[str, list[int]]:
    return {f"{STORE}.{name}": image.words for name, image in plan.images.items()}


def _difference(before: dict[str, list[int]], after: dict[str, list[int]]) -> tuple[str, int, int]:
    """The first bit in which two sets of memory images differ."""
    return next(
        (name, word, (old ^ new).bit_length() - 1)
        for name in before
        for word, (old, new) in enumerate(zip(before[name], after[name], strict=True))
        if old != new
    )
