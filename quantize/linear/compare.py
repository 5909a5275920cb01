"""Equality of the golden model and the fitted encoder, rounded here in floats, tap by tap."""

import numpy as np
from numpy.typing import NDArray

from model.linear.linear_model import FRACTION, LinearModel
from quantize.compare import Agreement, MismatchError
from quantize.linear.integers import MAP, QUANTIZER, SOURCE, columns_sent
from spikecae import golden
from spikecae.spec import EncoderSpec
from spikecae.stages import Linear, Normalize

__all__ = ["check", "rounded_taps"]

CLASS = "class"
BATCH = 1024


def check(spec: EncoderSpec, model: LinearModel, adc: NDArray[np.int16]) -> Agreement:
    """Run the golden model, and the float model with what the spec rounds rounded, on codes ``[n, M, D]``.

    Args:
        spec: made of ``model``.
        model: its classes, rounding and groups are taken from here; exponents and rounded weights from the spec.
        adc: the blocks.

    Raises:
        MismatchError: names the tap and the first difference.
    """
    agreed = []
    for start in range(0, len(adc), BATCH):
        part = adc[start : start + BATCH]
        encoded = golden.encode(spec, part)
        taps = dict(encoded.taps)
        chosen, _ = columns_sent(spec, encoded.indices)
        if chosen is not None:
            taps[CLASS] = chosen
        got = rounded_taps(spec, model, part)
        if taps.keys() != got.keys():
            raise MismatchError(f"golden has taps {sorted(taps)}, the rounded model {sorted(got)}")
        for name, tap in taps.items():
            _compare(name, tap, got[name], start)
        agreed.append(encoded.indices)
    indices = np.concatenate(agreed).astype(np.int64)
    values = len(adc) * sum(tap[0].size for tap in taps.values())
    return Agreement(len(adc), len(taps), values, indices)


def rounded_taps(spec: EncoderSpec, model: LinearModel, adc: NDArray[np.int16]) -> dict[str, NDArray[np.float64]]:
    """Integers at every tap, in float64, in which all of them are exact: products of real values, then rounding."""
    source, mapped = spec.source, spec.transforms[0]
    assert isinstance(source, Normalize)
    assert isinstance(mapped, Linear)
    unit = 2.0**-source.exponent
    sums = adc.astype(np.float64).reshape(*adc.shape[:-1], -1, source.decimation).sum(axis=-1)
    scale = source.scale[:: source.decimation] if source.scale.size > 1 else source.scale
    normalized = _nearest((sums - source.offset) / (scale * source.decimation), unit).clip(-128 * unit, 127 * unit)
    weight = mapped.weight[:, :, 0] * 2.0 ** -mapped.weight_exponent[:, None].astype(np.float64)
    bias = mapped.bias * 2.0 ** -(mapped.weight_exponent + float(mapped.input_exponent))
    columns = normalized.reshape(-1, weight.shape[1])
    half = 2.0 ** (mapped.output_bits - 1 - FRACTION)
    step = 2.0**-FRACTION
    latents = _nearest(columns @ weight.T + bias, step).clip(-half, half - step)
    latents = latents.reshape(len(adc), -1, len(bias)).transpose(0, 2, 1)
    chosen, levels = model.quantize(latents)
    taps = {SOURCE: normalized / unit, MAP: latents / step, QUANTIZER: levels.astype(np.float64)}
    return taps if chosen is None else {**taps, CLASS: chosen.astype(np.float64)}


def _nearest(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Multiples of ``step``, a power of two; halves up."""
    return np.asarray(np.floor(values / step + 0.5) * step, np.float64)


def _compare(name: str, expected: NDArray[np.int64], got: NDArray[np.float64], first: int) -> None:
    wrong = np.argwhere(expected != got)
    if len(wrong):
        block, *place = (int(i) for i in wrong[0])
        at = tuple(wrong[0])
        raise MismatchError(
            f"golden and rounded model differ at {len(wrong)} of {expected.size} values of {name}; first in block "
            f"{first + block}, place {place}: expected {expected[at]}, got {got[at]:g}"
        )
