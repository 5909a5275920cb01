"""Operating points switched while a small linear encoder runs, with pauses at both ends."""

import numpy as np
import pytest

from rtl.emit import emit
from sim.emitted import load_manifest
from sim.points import encode_at, run_points
from spikecae.spec import EncoderSpec
from tests.linear_spec import further_point, linear_adc, random_linear_spec
from tests.rtl.shapes import hardware

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def specs() -> tuple[EncoderSpec, ...]:
    first = random_linear_spec(2, 16, 4, joint=True, classes=2, seed=2)
    return first, further_point(first, 0.6, 5), further_point(first, 0.8, 7)


@pytest.fixture(scope="module")
def rtl_dir(specs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("points")
    emit(specs[0], hardware(4, parameters="ram"), folder, others=specs[1:])
    return folder


@pytest.fixture(scope="module")
def adc(specs) -> np.ndarray:
    return linear_adc(specs[0], 48, 3)


def test_every_packet_is_its_points(specs, rtl_dir, adc, models):
    found = run_points(specs, rtl_dir, adc, models)
    assert (found.mismatches, found.blocks) == (0, 48), found.first_mismatch
    assert load_manifest(rtl_dir).point_hashes == [spec.hash for spec in specs[1:]]


def test_a_packet_coded_at_another_point_than_its_tag_says_is_noticed(specs, rtl_dir, adc, models, monkeypatch):
    monkeypatch.setattr("sim.points.encode_at", lambda specs, adc, points: encode_at(specs, adc, [0] * len(points)))
    assert run_points(specs, rtl_dir, adc, models).mismatches > 0
