"""A kind of stage that does not ship goes the whole way: spec, golden, fake quantizer, Verilog, simulation, estimate.

It comes from a folder of its own (``tests/gain``); no file of the toolkit knows it.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import load_checkpoint
from quantize.build import build_spec
from quantize.code import fit_code
from quantize.compare import compare
from quantize.exponents import calibrate
from quantize.fake_quant import FakeQuantEncoder
from quantize.fold import fold
from quantize.normalization import input_table
from rtl.emit import emit
from rtl.planning import make_plan
from sim.batch import BatchSimulator
from sim.emitted import load_writes
from sim.mutation import choose_mutations, run_mutation
from sim.stage import FILLING, count_left_over, measure_latency, run_blocks, steady_state
from sim.verilate import build_library
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, SpecError, load_spec, save_spec
from synth.estimate.analytic import estimate
from synth.mapping.yosys import statistics
from synth.targets.find import with_costs
from tests.gain.quantized import GainLayer
from tests.gain.stage import Gain
from tests.random_spec import random_adc
from tests.rtl.shapes import hardware
from tests.sim.conftest import MODELS

SHIPPED = Path(__file__).parents[1] / "designs"
GAINS = (0.7, -1.3, 0.21, 1.9)


class WithGain:
    """The shipped encoder with a gain behind its projection."""

    def __init__(self, encoder) -> None:
        self._encoder = encoder

    def layers(self) -> Iterator[tuple[str, object]]:
        yield from self._encoder.layers()
        yield "gain", GainLayer(torch.tensor(GAINS))


@pytest.fixture(scope="module")
def adc(tiny: Design) -> np.ndarray:
    return random_adc(tiny, 40, seed=3)


@pytest.fixture(scope="module")
def quantized(tiny: Design, adc: np.ndarray) -> tuple[FakeQuantEncoder, EncoderSpec]:
    checkpoint = load_checkpoint(SHIPPED / "tiny" / "model.safetensors", tiny)
    folded, codebook = fold(WithGain(checkpoint.model.encoder)), checkpoint.model.quantizer.codebook.detach()
    normalized = torch.from_numpy(checkpoint.normalization.apply(adc))
    exponents = calibrate(folded, codebook, normalized, tiny.hardware, tiny.quantization)
    table = input_table(checkpoint.normalization, exponents.activation["normalize"])
    encoder = FakeQuantEncoder(folded, table, exponents, codebook, torch.zeros(len(codebook), dtype=torch.int64))
    return encoder, build_spec(tiny, encoder, fit_code(encoder, adc, 0.0))


def test_the_spec_has_it_and_checks_it(quantized, tmp_path: Path) -> None:
    _, spec = quantized
    assert [stage.kind for stage in spec.stages][-4:] == ["project", "gain", "vq", "huffman"]
    save_spec(spec, tmp_path)
    assert load_spec(tmp_path).hash == spec.hash
    (gain,) = (stage for stage in spec.stages if isinstance(stage, Gain))
    stages = [replace(gain, input_exponent=gain.input_exponent + 1) if s is gain else s for s in spec.stages]
    with pytest.raises(SpecError, match="gain takes 4 signed channels at exponent"):
        replace(spec, stages=tuple(stages))


def test_golden_is_what_its_formula_says(quantized, adc: np.ndarray) -> None:
    _, spec = quantized
    taps = encode(spec, adc).taps
    (gain,) = (stage for stage in spec.stages if isinstance(stage, Gain))
    for channel in range(4):
        x, shift = taps["project"][:, channel], int(gain.shift[channel])
        exact = np.floor(x * int(gain.gain[channel]) / 2.0**shift + 0.5).clip(-128, 127)
        assert np.array_equal(taps["gain"][:, channel], exact)
    assert len(np.unique(taps["gain"])) > 20


def test_the_fake_quantizer_agrees_at_every_tap(quantized, adc: np.ndarray) -> None:
    encoder, spec = quantized
    assert compare(spec, encoder, adc).taps == len(encode(spec, adc[:1]).taps)


@pytest.mark.parametrize(("parameters", "fold"), [("rom", 2), ("ram", 4)])
def test_verilog_equals_golden_at_every_tap(quantized, adc: np.ndarray, tmp_path, parameters: str, fold: int) -> None:
    _, spec = quantized
    manifest = emit(spec, hardware(fold, parameters=parameters, packet_blocks=1), tmp_path)
    assert "gain" in {tap.stage for tap in manifest.taps}
    assert any(memory.short_name == "gains" and memory.role == "parameters" for memory in manifest.memories)
    library = build_library(tmp_path / manifest.verilog, manifest, MODELS)
    with BatchSimulator(library, manifest, load=load_writes(tmp_path, manifest)) as simulator:
        latency = measure_latency(simulator, adc[0])
        parts = list(run_blocks(simulator, spec, adc))
        cycles = steady_state(simulator.frame_end_cycles[FILLING:], manifest.cycles_per_block)
        assert sum(part.total for part in parts) + count_left_over(simulator) == 0
        assert all(part.values > 0 and "gain" in part.mismatches for part in parts)
    assert abs(cycles.deviation_percent) <= 5
    assert latency <= manifest.latency_cycles


def test_a_flipped_gain_is_noticed(quantized, adc: np.ndarray, tmp_path) -> None:
    """The mutation bench finds its coefficients, and their place in its own memory."""
    _, spec = quantized
    knobs = hardware(2, parameters="ram", packet_blocks=1)
    manifest = emit(spec, knobs, tmp_path)
    golden = encode(spec, adc[:8])
    mutations = choose_mutations(spec, knobs, adc[:8], 40, seed=5)
    mine = next(mutation for mutation in mutations if mutation.stage == "gain")
    assert mine.memory == "chip.encoder.store.gains"
    library = build_library(tmp_path / manifest.verilog, manifest, MODELS)
    with BatchSimulator(library, manifest, load=load_writes(tmp_path, manifest)) as simulator:
        found = run_mutation(simulator, make_plan(spec, knobs), mine, adc[:8], golden)
    assert found.first is not None
    assert found.first.stage == "gain"


def test_the_estimate_counts_its_work(quantized, tmp_path) -> None:
    _, spec = quantized
    manifest = emit(spec, hardware(2), tmp_path)
    plan = make_plan(spec, hardware(2))
    (counted,) = statistics(tmp_path / manifest.verilog, [manifest.top])
    process = with_costs()["ihp-sg13g2"]
    found = estimate(plan, manifest, process, counted)
    macs = {layer.name: layer.macs for layer in found.layers}
    assert macs["gain"] == spec.latents.channels * spec.latents.samples
    cost = process.costs.work_pj["moving"].value
    assert found.energy_nj_per_spike_by_kind["gain"] == pytest.approx(macs["gain"] * cost / spec.spikes / 1000)
    (part,) = (part for part in plan.parts if part.name == "gain")
    assert plan.storage()["gains"] == spec.latents.bits * part.output.elements
