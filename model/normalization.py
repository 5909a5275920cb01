"""z-scoring of ADC codes, with one offset and scale per time sample."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Normalization", "about_silence", "by_powers_of_two", "fit_normalization"]


@dataclass(frozen=True)
class Normalization:
    """``x = (adc − offset[t]) / scale[t]``; the global kind is the constant table.

    Attributes:
        offset: int16 ``[D]``, ADC codes: whole numbers, as on the chip.
        scale: float32 ``[D]``, ADC codes per unit of the normalized signal, > 0.
    """

    offset: NDArray[np.int16]
    scale: NDArray[np.float32]

    @classmethod
    def unit(cls, samples: int) -> Self:
        """That of ``samples`` codes which need none."""
        return cls(np.zeros(samples, np.int16), np.ones(samples, np.float32))

    def apply(self, adc: NDArray[np.int16]) -> NDArray[np.float32]:
        """Normalized samples of codes ``[..., D]``."""
        return (adc.astype(np.float32) - self.offset.astype(np.float32)) / self.scale

    def undo(self, normalized: NDArray[np.float32]) -> NDArray[np.float64]:
        """ADC codes, not rounded, of normalized samples ``[..., D]``."""
        return normalized.astype(np.float64) * self.scale + self.offset


def fit_normalization(adc: NDArray[np.int16], kind: Literal["global", "per_sample"]) -> Normalization:
    """Offset and scale that give codes ``[B, M, D]`` mean 0 (to half a code) and deviation 1.

    Raises:
        ValueError: some time sample never varies.
    """
    axis = (0, 1) if kind == "per_sample" else None
    codes = adc.astype(np.float64)
    shape = adc.shape[-1:]
    mean, deviation = np.broadcast_to(codes.mean(axis), shape), np.broadcast_to(codes.std(axis), shape)
    if not deviation.all():
        raise ValueError(
            f"sample {int(np.argmin(deviation))} of the training spikes never varies; check adc.lsb against the "
            f"recording's unit"
        )
    return Normalization(np.floor(mean + 0.5).astype(np.int16), deviation.astype(np.float32))


def about_silence(adc: NDArray[np.int16], kind: Literal["global", "per_sample"], zero: int) -> Normalization:
    """Scales that give codes ``[B, M, D]`` mean square 1 about the code of silence, ``zero``, which becomes 0.

    Raises:
        ValueError: some time sample is silent throughout.
    """
    axis = (0, 1) if kind == "per_sample" else None
    power = np.broadcast_to(np.square(adc.astype(np.float64) - zero).mean(axis), adc.shape[-1:])
    if not power.all():
        raise ValueError(
            f"sample {int(np.argmin(power))} of the training spikes is always silent; check adc.lsb against the "
            f"recording's unit"
        )
    return Normalization(np.full(adc.shape[-1], zero, np.int16), np.sqrt(power).astype(np.float32))


def by_powers_of_two(normalization: Normalization) -> Normalization:
    """The same with scales that are powers of two, so that the chip's product is a shift."""
    scale = np.exp2(np.rint(np.log2(normalization.scale.astype(np.float64))))
    return Normalization(normalization.offset, scale.astype(np.float32))
