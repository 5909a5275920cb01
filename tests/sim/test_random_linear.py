"""A quick random linear encoder, and what is drawn in all; ``tests/regress`` runs the others."""

from dataclasses import fields, replace

import pytest

from rtl.planning import make_plan
from spikecae.design import FOLDS
from tests.sim.random_linear import ONE_WORD, SEEDS, Drawn, check, compare, draw

pytestmark = pytest.mark.slow


def test_a_random_linear_encoder_equals_golden_and_keeps_its_pace(models):
    """Loaded, with latents of 12 bits and weights of 4."""
    outcome = check(1, models)
    assert (outcome.mismatches, outcome.values > 0) == (0, True), str(outcome)
    assert abs(outcome.deviation_percent) <= 5, str(outcome)
    assert outcome.latency <= outcome.predicted_latency, str(outcome)
    assert outcome.escaped > 0


def test_an_encoder_of_a_word_a_block_equals_golden_and_keeps_its_pace(models):
    """As an implant's: a block is a spike, and one word of the input buffer."""
    few = {"spikes": 1, "samples": 32, "features": 12, "joint": False, "classes": 7, "decimation": 2, "fold": 32}
    outcome = compare(replace(draw(1), **few, parameters="rom"), 3, models)
    assert (outcome.mismatches, outcome.values > 0) == (0, True), str(outcome)
    assert abs(outcome.deviation_percent) <= 5, str(outcome)
    assert outcome.latency <= outcome.predicted_latency, str(outcome)


def test_nothing_of_the_family_is_never_drawn():
    drawn = [draw(seed) for seed in SEEDS]
    seen = {field.name: {getattr(one, field.name) for one in drawn} for field in fields(Drawn)}
    for name, values in {
        "joint": {False, True},
        "classes": {1, 2, 7, 32, 256},
        "decimation": {1, 2, 4, 8},
        "per_sample": {False, True},
        "bits": {8, 9, 10, 11, 12},
        "weight_bits": {4, 8},
        "rounding": {2, 3, 4},
        "parameters": {"ram", "rom"},
        "fold": set(FOLDS),
    }.items():
        assert seen[name] == values, name
    assert {1, 15} < seen["spikes"]
    assert 1 in seen["features"]
    assert max(seen["features"]) > 16
    assert {drawn[0].spec(1).quantizer.order, draw(16).spec(16).quantizer.order} == {0, 3}
    wired = {(one.parameters, one.joint, one.classes > 1) for one in drawn}
    assert len(wired) == 8, "loaded and built in, each spike and the block, with classes and without"
    for seed in ONE_WORD:
        one = draw(seed)
        assert make_plan(one.spec(seed), one.hardware).feed.words == 1
