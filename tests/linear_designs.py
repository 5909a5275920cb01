"""Small designs with a linear encoder, for the tests of several rooms."""

from collections.abc import Sequence

from spikecae.design import Design
from spikecae.design.linear import Linear

__all__ = ["linear_design"]


def linear_design(
    tiny: Design,
    *,
    features: int = 6,
    joint: bool = True,
    bits: float = 9.0,
    further: Sequence[float] = (),
    codewords: int = 1,
    symbols: int = 64,
    rate_weight: float = 0.0,
    decimation: int = 1,
    weight_bits: int = 8,
) -> Design:
    """``tiny`` with another encoder, and so many classes; sums of codes have one normalization for all."""
    encoder = Linear(
        features=features,
        joint=joint,
        bits_per_spike=bits,
        further_bits_per_spike=list(further),
        symbols=symbols,
        decimation=decimation,
    )
    codebook = tiny.codebook.model_copy(update={"codewords": codewords, "rate_weight": rate_weight})
    update = {"encoder": encoder, "codebook": codebook}
    update["quantization"] = tiny.quantization.model_copy(update={"weight_bits": weight_bits})
    if decimation > 1:
        update["normalization"] = tiny.normalization.model_copy(update={"kind": "global"})
    return tiny.model_copy(update=update)
