"""Every word of weights, biases and codebook is read exactly once a block, whatever the fold and the lanes."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from rtl.encoder import Encoder
from rtl.planning import make_plan
from rtl.shape.plan import Plan
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware

BLOCKS = 4
COUNTED = ("weights", "parameters", "codebook")


def count_reads(spec: EncoderSpec, adc: np.ndarray, plan: Plan) -> dict[str, np.ndarray]:
    """Reads of every word from reset until the encoder has nothing left to do; the bytes must be golden's."""
    dut = Encoder(plan)
    top = Module()
    top.submodules.dut = dut
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    counts = {name: np.zeros(len(dut.store.memories[name].words), dtype=int) for name in COUNTED}
    signals = [
        signal for name in COUNTED for user in [dut.store.memories[name].user] for signal in (user.en, user.addr)
    ]
    expected = b"".join(encode(spec, adc).payloads)
    received = bytearray()

    async def feed(ctx):
        last = adc.shape[2] - 1
        ctx.set(dut.i.valid, 1)
        for spike in adc.reshape(-1, adc.shape[2]):
            for t, value in enumerate(spike.tolist()):
                ctx.set(dut.i.payload.adc, value)
                ctx.set(dut.i.payload.last, t == last)
                await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)

    async def watch(ctx):
        if plan.loadable:
            for memory in dut.store.memories.values():
                for number, word in enumerate(memory.words):
                    ctx.set(memory.backing.data[number], word)
        for signal in (dut.o.ready, dut.pad, dut.events.valid):
            ctx.set(signal, 1)
        quiet = 0
        while quiet < plan.cycles_per_block:
            _, _, valid, byte, *reads = await ctx.tick().sample(dut.o.valid, dut.o.payload, *signals)
            quiet = quiet + 1 if len(received) == len(expected) else 0
            if valid:
                received.append(byte)
            for name, enable, address in zip(COUNTED, reads[0::2], reads[1::2], strict=True):
                if enable:
                    counts[name][address] += 1

    simulator.add_testbench(feed, background=True)
    simulator.add_testbench(watch)
    simulator.run()
    assert bytes(received) == expected
    return counts


@pytest.mark.parametrize(
    ("fold", "parameters"), [(1, "rom"), (2, "ram"), (4, "rom"), (8, "rom"), (16, "rom")], ids=lambda value: str(value)
)
def test_each_word_is_read_once_a_block(tiny: Design, fold: int, parameters: str) -> None:
    """Besides, what the next block begins with waits already: an active set, a shadow set, and the word behind."""
    spec = random_spec(tiny, 80 + fold)
    plan = make_plan(spec, hardware(fold, parameters=parameters))
    counts = count_reads(spec, random_adc(tiny, BLOCKS, fold), plan)
    ahead = {
        "weights": 2 * sum(-(-dot.group_weight_bits // plan.widths.port_bits) for dot in plan.dots) + 1,
        "parameters": 2 * sum(-(-dot.outputs // plan.widths.per_word) for dot in plan.requantized) + 1,
        "codebook": 2 * plan.quantizer.search.record_words + 1,
    }
    for name, reads in counts.items():
        assert reads.size > ahead[name], name
        assert (reads == BLOCKS + (np.arange(reads.size) < ahead[name])).all(), name


def test_a_shared_codebook_is_read_once_however_few_the_lanes(tiny: Design) -> None:
    """Every codeword is held while all sub-vectors are scored."""
    spec = random_spec(tiny, 90)
    plan = make_plan(spec, hardware(16))
    (whole,) = plan.quantizer.search.passes
    assert plan.quantizer.search.rows(whole) == 4, "four sub-vectors in one lane"
    counts = count_reads(spec, random_adc(tiny, BLOCKS, 9), plan)
    assert counts["codebook"].max() == BLOCKS + 1
    assert counts["codebook"].sum() == BLOCKS * counts["codebook"].size + 2 * plan.quantizer.search.record_words + 1
