"""A split's blocks as a linear encoder is fitted to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import Split
from model.normalization import Normalization

__all__ = ["Sample", "sample_of"]


@dataclass(frozen=True, eq=False)
class Sample:
    """A ``split``, its blocks ``normalized``, and the decoder's ``target``: float32 ``[n, M, D]``."""

    split: Split
    normalized: NDArray[np.float32]
    target: NDArray[np.float32]


def sample_of(split: Split, normalization: Normalization) -> Sample:
    """A split's blocks, normalized."""
    target = split.adc if split.target is None else split.target
    return Sample(split, normalization.apply(split.adc), normalization.apply(target))
