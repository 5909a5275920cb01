from dataclasses import replace

import numpy as np
import pytest

from model.datasets import SpikeDataset
from model.datasets.misalignment import misaligned, shifted
from spikecae.design import Design
from spikecae.front_end.adc import units_to_codes


def test_a_shift_is_a_cut_of_the_padded_snippet() -> None:
    spikes = np.random.default_rng(0).normal(size=(7, 20)).astype(np.float32)
    shifts = np.array([-5, -1, 0, 1, 5, 12, -19])
    moved = shifted(spikes, shifts)
    for spike, shift, got in zip(spikes, shifts, moved, strict=True):
        assert np.array_equal(got, np.pad(spike, 19, mode="reflect")[19 - shift : 39 - shift])


def test_plain_spikes_are_measured_as_moved_and_denoised_ones_as_before(
    tiny: Design, tiny_spikes: SpikeDataset
) -> None:
    plain, clean = (misaligned(tiny_spikes, tiny, 3, denoise, seed=4) for denoise in (False, True))
    for name in ("train", "validation", "test"):
        before, moved, denoised = (getattr(dataset, name) for dataset in (tiny_spikes, plain, clean))
        assert np.array_equal(moved.adc, denoised.adc)
        assert np.array_equal(moved.adc, units_to_codes(moved.spikes, tiny.adc)[0])
        assert moved.target is None
        assert np.array_equal(denoised.target, before.adc)
        assert np.array_equal(denoised.spikes, before.spikes)
    lags = (np.argmin(plain.test.spikes, -1) - np.argmin(tiny_spikes.test.spikes, -1)).ravel()
    assert set(range(-3, 4)) <= set(lags.tolist())
    assert np.mean(np.abs(lags) <= 3) > 0.95
    hashes = {dataset.training_sha256 for dataset in (tiny_spikes, plain, clean)}
    assert len(hashes) == 3


def test_impossible_jitter_is_refused(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    with pytest.raises(ValueError, match="jitter must be 0 to 15 samples"):
        misaligned(tiny_spikes, tiny, 16, False, 0)


@pytest.mark.parametrize(("kind", "together"), [("neighbourhood", True), ("queue", False)])
def test_contacts_of_an_event_move_together(tiny: Design, tiny_spikes: SpikeDataset, kind: str, together: bool) -> None:
    design = tiny.model_copy(update={"block": tiny.block.model_copy(update={"kind": kind})})
    ramp = np.broadcast_to(np.arange(16, dtype=np.float32), tiny_spikes.test.spikes.shape)
    dataset = replace(tiny_spikes, test=replace(tiny_spikes.test, spikes=ramp))
    moved = misaligned(dataset, design, 3, False, seed=1).test.spikes[..., 8]
    assert set(np.unique(moved)) == set(range(5, 12))
    assert bool((moved == moved[:, :1]).all()) == together
