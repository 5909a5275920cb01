"""Raw samples to packets in the simulated Verilog: detector and encoder behind one another, byte for byte."""

from dataclasses import replace

import pytest

from rtl.emit import emit
from sim.compressor import plant, run_compressor
from sim.stage import SimulationError, simulate
from spikecae.design import Design
from spikecae.front_end.detector import SpikeDetector
from synth.targets.find import macro_kit
from tests.planted import BAND, front_end, wide_band
from tests.random_spec import random_adc, random_spec

CHANNELS = 64
"""So many that macros hold what is known of each channel. Samples are of wide band, and go through a filter."""


@pytest.fixture(scope="module")
def compressor(request, tiny: Design, tmp_path_factory):
    """Spec, detector, and where both were emitted to."""
    made = front_end(CHANNELS, 2, samples=tiny.block.samples, band_pass=BAND)
    spec, folder = random_spec(tiny, 1), tmp_path_factory.mktemp("compressor")
    memories = getattr(request, "param", "inferred")
    emit(spec, tiny.hardware.model_copy(update={"memories": memories}), folder, made, macro_kit(memories))
    return spec, made, folder


@pytest.mark.parametrize("compressor", ["inferred", "ihp-sg13g2"], indirect=True)
def test_packets_equal_golden_detector_and_host_encoder(compressor, tiny, models):
    spec, made, folder = compressor
    codes = wide_band(made, plant(made, random_adc(tiny, 12, seed=5), seed=6))
    events = len(SpikeDetector(made).push(codes).times)
    assert events >= 12
    found = run_compressor(spec, made, folder, codes, models, spacing=3)
    print(found)
    assert (found.mismatches, found.left_over, found.first_mismatch) == (0, 0, None)
    assert found.blocks == events
    assert found.values_compared > 14 * events  # a packet without payload takes 13


def test_another_detector_is_noticed(compressor, tiny, models):
    """One that looks for higher peaks."""
    spec, made, folder = compressor
    higher = replace(made, gain=255)
    found = run_compressor(spec, higher, folder, plant(made, random_adc(tiny, 12, seed=5), seed=6), models, spacing=3)
    assert found.mismatches + found.left_over > 0


def test_the_stage_runs_it_too(compressor, tiny, models, tmp_path):
    spec, made, folder = compressor
    adc = random_adc(tiny, 12, seed=5)
    results = simulate(spec, folder, adc, tmp_path, models=models, front_end=made, sample_cycles=3)
    assert [other.mismatches for other in results.others] == [0] * len(results.others)
    assert results.others[-1].verilog.startswith("spike_compressor")
    with pytest.raises(SimulationError, match=r"spike_compressor.*values of .* differ"):
        simulate(spec, folder, adc, tmp_path, models=models, front_end=replace(made, gain=255), sample_cycles=3)
