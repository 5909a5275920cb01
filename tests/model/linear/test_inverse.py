import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.linear import inverse
from model.linear.decoder import LinearDecoder
from model.linear.inverse import fit_inverse
from model.linear.linear_model import columns_of

NO_CLASSES = np.zeros((0, 3))
CLASSES = np.array([[6.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, -6.0]])


def decoded(decoder: torch.nn.Module, sent: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.no_grad():
        blocks: NDArray[np.float32] = decoder(torch.from_numpy(sent)).numpy()
    return blocks


def spikes_of_classes(blocks: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
    """Latents near one of the classes, spikes that are a matrix of its own of them, and whose they are."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(CLASSES), (blocks, 2))
    sent = (CLASSES[chosen] + rng.normal(size=(blocks, 2, 3))).astype(np.float32)
    matrices = np.random.default_rng(7).normal(size=(len(CLASSES), 3, 5))
    target = np.einsum("bml,bmld->bmd", sent, matrices[chosen]).astype(np.float32)
    return sent.transpose(0, 2, 1).copy(), target, chosen


@pytest.mark.parametrize("joint", [True, False])
def test_without_classes_it_is_least_squares(monkeypatch: pytest.MonkeyPatch, joint: bool) -> None:
    monkeypatch.setattr(inverse, "RIDGES", (0.0,))
    rng = np.random.default_rng(0)
    blocks, latents, columns = 50, 3, 1 if joint else 2
    sent = rng.normal(size=(blocks, latents, columns)).astype(np.float32)
    target = rng.normal(size=(blocks, 2, 5)).astype(np.float32)
    decoder = fit_inverse((sent, target), (sent, target), NO_CLASSES, joint=joint)
    known = sent.transpose(0, 2, 1).reshape(-1, latents)
    solved = np.linalg.lstsq(known, target.reshape(len(known), -1), rcond=None)[0]
    np.testing.assert_allclose(decoded(decoder, sent), (known @ solved).reshape(target.shape), atol=1e-5)


def test_each_class_has_what_suits_it_and_is_held_to_what_suits_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Least squares of the columns of a class, and of rows that say that it does not differ."""
    hold = 0.1
    monkeypatch.setattr(inverse, "RIDGES", (0.0,))
    monkeypatch.setattr(inverse, "HOLDS", (hold,))
    sent, target, chosen = spikes_of_classes(60, seed=1)
    decoder = fit_inverse((sent, target), (sent, target), CLASSES, joint=False)
    known, spikes = sent.transpose(0, 2, 1).reshape(-1, 3).astype(float), columns_of(target, joint=False)
    shared = np.linalg.lstsq(known, spikes, rcond=None)[0]
    wanted = known @ shared
    rows = np.diag(np.sqrt(hold * np.square(known).sum(axis=0)))
    for k in range(len(CLASSES)):
        own = chosen.ravel() == k
        left = np.concatenate([spikes[own] - known[own] @ shared, np.zeros((3, 5))])
        wanted[own] += known[own] @ np.linalg.lstsq(np.concatenate([known[own], rows]), left, rcond=None)[0]
    np.testing.assert_allclose(decoded(decoder, sent).reshape(wanted.shape), wanted, atol=1e-4)


def test_what_classes_know_helps_with_other_spikes_and_keeps_sizes() -> None:
    sent, target, _ = spikes_of_classes(200, seed=1)
    others, wanted, _ = spikes_of_classes(100, seed=2)
    plain = fit_inverse((sent, target), (others, wanted), NO_CLASSES, joint=False)
    decoder = fit_inverse((sent, target), (others, wanted), CLASSES, joint=False)
    once = decoded(decoder, others)
    assert np.square(once - wanted).sum() < 0.01 * np.square(decoded(plain, others) - wanted).sum()
    np.testing.assert_allclose(decoded(decoder, 2 * others), 2 * once, rtol=1e-4, atol=1e-4)
    assert not decoded(decoder, 0 * others).any()


def test_classes_that_know_nothing_change_nothing() -> None:
    sent, target, _ = spikes_of_classes(8, seed=1)
    noise = np.random.default_rng(3).normal(size=target.shape).astype(np.float32)
    plain = fit_inverse((sent, noise), (sent, target), NO_CLASSES, joint=False)
    decoder = fit_inverse((sent, noise), (sent, decoded(plain, sent)), CLASSES, joint=False)
    np.testing.assert_array_equal(decoded(decoder, sent), decoded(plain, sent))


def test_a_decoder_without_classes_takes_none() -> None:
    decoder = LinearDecoder(3, 1, 5, joint=False, classes=0)
    with pytest.raises(ValueError, match="without classes was given 4"):
        decoder.set_classes(torch.zeros(4, 3), torch.zeros(4, 5, 3))
