"""The activation storage that is reported, against the registers and memories in the emitted Verilog."""

import re
from pathlib import Path

import pytest

from rtl.emit import emit
from rtl.planning import make_plan
from spikecae.design import Design, load_design
from spikecae.spec import load_spec
from tests.random_spec import random_spec
from tests.rtl.shapes import hardware

DESIGNS = Path(__file__).parents[2] / "designs"
REGISTERS = {
    "windows": (r"\.window|\.register", r"slot\d+"),
    "accumulators, with their shifts": (r"\.dot", r"o__payload"),
    "outputs of convolutions": (r"\.requantizer", r"o__payload"),
    "pools": (r"\.pool\d+", r"o__payload"),
    "sums to be written": (r"\.accumulator", r"\$signature__data"),  # as their memories' ports are called
    "latents": (r"\.vq\.bank", r"latent\d+_\d+"),
}
"""Modules by the end of their name, and their data registers."""
MEMORIES = {"residual delays": r"\.delay", "sums over groups": r"\.project\.accumulator"}


def register_bits(verilog: str, module: str, register: str) -> int:
    """Bits of all registers of that name in all modules of that name."""
    total = 0
    for name, body in re.findall(r"^module \\(\S+) (.*?)^endmodule", verilog, re.M | re.S):
        if re.search(f"(?:{module})$", name):
            for high, found in re.findall(r"^  reg (?:\[(\d+):0\] )?\\?([\w$]+) *(?:;|=)", body, re.M):
                total += (int(high or 0) + 1) * bool(re.fullmatch(rf"(?:{register})(?:\$\d+)?", found))
    return total


@pytest.mark.parametrize("fold", [1, 4])
def test_activation_bits_are_those_of_the_verilog(tiny: Design, tmp_path: Path, fold: int) -> None:
    spec = random_spec(tiny, 5)
    plan = make_plan(spec, hardware(fold))
    manifest = emit(spec, plan.hardware, tmp_path)
    verilog = (tmp_path / manifest.verilog).read_text(encoding="utf-8")
    expected = {name: register_bits(verilog, *place) for name, place in REGISTERS.items()}
    for name, place in MEMORIES.items():
        expected[name] = sum(memory.bits for memory in manifest.memories if re.search(f"{place}$", memory.name))
    assert plan.storage() == expected
    assert plan.input_bits == next(m.bits for m in manifest.memories if m.name.endswith("input_buffer"))


@pytest.mark.parametrize("fold", [1, 2, 4, 8, 16])
def test_activations_of_neuropixels_fit_their_budget(fold: int) -> None:
    design, spec = load_design(DESIGNS / "neuropixels.toml"), load_spec(DESIGNS / "neuropixels")
    plan = make_plan(spec, design.hardware.model_copy(update={"fold": fold}))
    assert sum(plan.storage().values()) <= 1.25 * 1024 * 8
