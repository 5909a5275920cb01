"""Weights of 4 and 6 bits in memory, registers and multipliers, against golden and against all products there are."""

import numpy as np
import pytest

from rtl.host.load import load_writes
from rtl.host.register_map import window_bit
from rtl.planning import make_plan
from rtl.shape.plan import Plan
from rtl.units.dot_product import DotProduct
from spikecae.bitstream.payload import write_blocks
from spikecae.design import Design, Quantization
from spikecae.golden import encode
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import blocks, entry_bits, first, hardware, projection
from tests.rtl.streams import Port, pack, run, unpack
from tests.rtl.test_chip import Host


def narrow(design: Design, bits: int, **encoder: int) -> Design:
    """The design with weights of ``bits``, and other keys of its encoder."""
    shape = design.encoder.model_copy(update=encoder)
    return design.model_copy(update={"encoder": shape, "quantization": Quantization(weight_bits=bits)})


def dealt(plan: Plan, table: str, counts: list[int], place: int) -> list[int]:
    """The words of a parameter memory that its receiver number ``place`` gets, for all groups in turn."""
    words, first = plan.images[table].words, sum(counts[:place])
    return [word for g in range(plan.groups) for word in words[g * sum(counts) + first :][: counts[place]]]


@pytest.mark.parametrize("fold", [1, 2])
@pytest.mark.parametrize("bits", [4, 6])
@pytest.mark.parametrize("signed", [True, False])
def test_every_product_is_right(tiny: Design, signed: bool, bits: int, fold: int) -> None:
    """A unit of one term an output holds all weights there are, 16 in a group, and gets all inputs there are."""
    groups = (1 << bits) // 16
    shape = {"channels": 1 << bits, "bottleneck": groups} if signed else {"channels": groups, "bottleneck": 1 << bits}
    design = narrow(tiny, bits, groups=groups, **shape)
    design = design.model_copy(update={"block": design.block.model_copy(update={"spikes": 1, "samples": 128})})
    spec = random_spec(design, 1)
    layer = spec.stages[1] if signed else spec.stages[2].reduce
    weights = np.arange(1 << bits) - (1 << (bits - 1))
    layer.weight[:, 0, 0] = weights
    plan = make_plan(spec, hardware(fold, parameters="ram", weight_bits=bits))
    dot = first(plan) if signed else blocks(plan)[0].reduce
    assert (dot.inputs, dot.outputs, dot.samples) == (1, 16, 128)
    dut = DotProduct(dot, plan.widths.port_bits, entry_bits(plan), plan.widths.per_word)
    place = list(plan.dots).index(dot)
    weight_words = dealt(plan, "weights", plan.weight_words, place)
    parameter_words = dealt(plan, "parameters", plan.parameter_words, place)
    x = np.arange(256) - (128 if signed else 0)
    walked = np.broadcast_to(x.reshape(2, 1, 128), (2, groups, 128)).ravel()
    sink = Port(dut.o, count=len(walked) * dot.output_steps)
    sources = [
        Port(dut.i, [pack([value]) for value in walked]),
        Port(dut.weights, weight_words * 2),
        Port(dut.parameters, parameter_words * 2),
    ]
    run(dut, sources, [sink])
    got = [value for word in sink.got for value in unpack(word, dot.lanes, dot.accumulator_bits, signed=True)]
    products = x[:, None] * weights + layer.bias  # input, weight
    expected = products.reshape(2, 128, groups, 16).transpose(0, 2, 1, 3)
    assert got == expected.ravel().tolist()


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "fold", "parameters"), [(4, 1, "ram"), (6, 2, "ram"), (4, 4, "rom"), (6, 16, "ram")])
def test_a_chip_with_narrow_weights_equals_golden(tiny: Design, bits: int, fold: int, parameters: str) -> None:
    """Loaded through the pins, checked by the chip's own CRC, and read back; packets are the host encoder's."""
    spec = random_spec(narrow(tiny, bits), 30 + bits)
    adc = random_adc(tiny, 4, bits)
    expected = write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=1)
    plan = make_plan(spec, hardware(fold, parameters=parameters, weight_bits=bits))
    host = Host(plan)

    async def script(ctx):
        await host.encode(ctx, adc)
        if plan.loadable:
            assert await host.read(ctx, "crc_failures") == 0
            await host.write(ctx, "control", 0)
            while "halted" not in await host.status(ctx):
                await ctx.tick().repeat(10)
            for offset, value in [write for write in load_writes(plan) if write[0] >> window_bit(0)][::7]:
                assert await host.read(ctx, offset) == value

    host.run(script)
    assert host.packets == expected


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_words_of_weights_are_fields_without_gaps(tiny: Design, bits: int) -> None:
    """A unit's words, read as bits from the lowest, are its weights step after step, and then nothing."""
    plan = make_plan(random_spec(narrow(tiny, bits), 2), hardware(4, weight_bits=bits))
    assert plan.widths.port_bits == {4: 32, 6: 64, 8: 64}[bits]
    for place, dot in enumerate(plan.dots):
        words = dealt(plan, "weights", plan.weight_words, place)
        used = dot.steps * dot.multipliers
        assert len(words) == plan.groups * -(-used * bits // plan.widths.port_bits)
        for group, start in enumerate(range(0, len(words), plan.weight_words[place])):
            whole = sum(
                word << plan.widths.port_bits * n for n, word in enumerate(words[start:][: plan.weight_words[place]])
            )
            assert whole >> used * bits == 0
            steps = np.array(unpack(whole, used, bits, signed=True)).reshape(
                dot.output_steps, dot.input_steps, dot.lanes, dot.taps
            )
            rows = steps.transpose(0, 2, 1, 3).reshape(dot.output_steps * dot.lanes, -1)
            assert (rows[: dot.outputs, : dot.inputs] == dot.group_weight(group)).all()


def test_four_bits_halve_memory_and_registers(neuropixels: Design) -> None:
    wide, half = (
        make_plan(random_spec(narrow(neuropixels, 4), 1), hardware(1, parameters="ram", weight_bits=bits))
        for bits in (8, 4)
    )
    assert sum(wide.weight_words) == sum(half.weight_words) == 48, "no more words than cycles"
    assert wide.widths.port_bits == 2 * half.widths.port_bits
    for before, after in zip(wide.dots, half.dots, strict=True):
        assert before.group_weight_bits == 2 * after.group_weight_bits
        assert after.accumulator_bits <= before.accumulator_bits
    # 256 · 255 · 8 and a bias of 18 bits stay below 2**20; 256 · 255 · 128 and that bias do not stay below 2**23
    assert tuple(projection(plan).product.accumulator_bits for plan in (half, wide)) == (21, 25)


@pytest.mark.parametrize("parameters", ["ram", "rom"])
def test_weights_that_do_not_fit_are_refused(tiny: Design, parameters: str) -> None:
    """Every convolution that has one is named, beside whatever else does not fit."""
    spec = random_spec(narrow(tiny, 4), 3)
    spec.stages[2].conv.weight[1, 0, 2] = -9
    spec.stages[-3].weight[0, 0, 0] = 40
    spec.stages[1].bias[0] = 1 << 20
    with pytest.raises(ValueError, match=r"hardware\.weight_bits") as caught:
        make_plan(spec, hardware(2, parameters=parameters, weight_bits=4))
    told = str(caught.value).splitlines()
    remedy = "hardware.weight_bits = 4; raise it, or quantize with quantization.weight_bits = 4"
    too_wide = [f"weights of {name} need {bits} bits, {remedy}" for name, bits in (("block0.conv", 5), ("project", 7))]
    biases = ["biases of conv need 22 bits, hardware.bias_bits = 18; raise it"] if parameters == "ram" else []
    assert told == [*biases, *too_wide], "in the order of the stages"
    spec.stages[2].conv.weight[1, 0, 2] = -8
    spec.stages[-3].weight[0, 0, 0] = 7
    spec.stages[1].bias[0] = 0
    make_plan(spec, hardware(2, parameters=parameters, weight_bits=4))
