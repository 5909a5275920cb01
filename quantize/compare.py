"""Equality of the golden model and the fake-quantized PyTorch model, tap by tap."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from quantize.code import BATCH
from quantize.fake_quant import FakeQuantEncoder
from quantize.stages.base import QUANTIZER
from spikecae import golden
from spikecae.spec import EncoderSpec

__all__ = ["Agreement", "MismatchError", "compare", "compare_batches", "exact_products"]


class MismatchError(RuntimeError):
    """The golden model and the fake-quantized model disagree: one of them is wrong."""


@dataclass(frozen=True)
class Agreement:
    """What was compared: all equal. ``indices`` int64 ``[B, N]`` are both models'."""

    blocks: int
    taps: int
    values: int
    indices: NDArray[np.int64]


@contextmanager
def exact_products() -> Iterator[None]:
    """Matrix products and convolutions in full float32: neither TF32 nor bfloat16."""
    precision, tf32 = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.allow_tf32 = tf32


@torch.no_grad()
def compare(spec: EncoderSpec, encoder: FakeQuantEncoder, adc: NDArray[np.int16], first: int = 0) -> Agreement:
    """Run both on ADC codes ``[B, M, D]`` and compare every value of every tap.

    Args:
        spec: what the golden model runs.
        encoder: the model that the spec was built from.
        adc: the blocks.
        first: number of the first block, for the message.

    Raises:
        MismatchError: names the first difference: stage, block, channel, sample, expected (golden) and got.
    """
    expected = golden.encode(spec, adc).taps
    with exact_products():
        got = encoder.integers(encoder(torch.from_numpy(adc)))
    if expected.keys() != got.keys():
        raise MismatchError(f"golden has taps {sorted(expected)}, the fake-quantized model {sorted(got)}")
    for name, tap in expected.items():
        if torch.equal(torch.from_numpy(tap), got[name]):
            continue
        wrong = np.argwhere(tap != got[name].numpy())
        block, channel, *sample = (int(i) for i in wrong[0])
        where = f"sample {sample[0]}" if sample else "the index"
        at = tuple(wrong[0])
        raise MismatchError(
            f"golden and fake-quantized model differ at {len(wrong)} of {tap.size} values of {name}; first in block "
            f"{first + block}, channel {channel}, {where}: expected {tap[at]}, got {int(got[name][at])}"
        )
    return Agreement(len(adc), len(expected), sum(tap.size for tap in expected.values()), expected[QUANTIZER])


def compare_batches(spec: EncoderSpec, encoder: FakeQuantEncoder, adc: NDArray[np.int16]) -> Iterator[Agreement]:
    """:func:`compare`, a batch at a time, so that any number of blocks fits into memory."""
    for start in range(0, len(adc), BATCH):
        yield compare(spec, encoder, adc[start : start + BATCH], first=start)
