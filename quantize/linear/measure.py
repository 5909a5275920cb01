"""Quality and rate of a linear encoder in integers on one split, its worst spikes and units beside the means."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from model.datasets.spikes import Split
from model.evaluation import decode_units
from model.linear.linear_model import LinearModel
from quantize.linear.integers import latents_sent
from spikecae import golden
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS, sndr
from spikecae.spec import EncoderSpec

__all__ = ["LinearQuality", "escaped_share", "linear_quality", "worst_unit"]


class LinearQuality(BaseModel):
    """Figures of one split, in Huffman codes made from the training split.

    :data:`spikecae.evaluation.quality.WORST` percent of the spikes have less than ``sndr_worst_db``.
    ``sndr_worst_unit_db``: the ratio of all spikes of the unit whose is least; None without units. Bits are the
    payload's, escapes included; one block in a hundred takes more than ``bits_p99`` for each of its spikes.
    ``escaped_share``: of the groups' symbols, those that say that levels lie outside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: int
    sndr_mean_db: float
    sndr_global_db: float
    sndr_worst_db: float
    sndr_worst_unit_db: float | None
    bits_per_spike: float
    bits_p99: float
    cr_huffman: float
    escaped_share: float


def linear_quality(
    design: Design,
    spec: EncoderSpec,
    model: LinearModel,
    split: Split,
    units: NDArray[np.integer] | None = None,
) -> LinearQuality:
    """What the golden model's indices of ``split`` cost, and what the model's decoder makes of them.

    Args:
        design: the converter.
        spec: the encoder.
        model: with the decoder that belongs to it.
        split: the spikes.
        units: of each spike, from 1, in the order of the split's spikes; 0 for one of none.
    """
    encoded = golden.encode(spec, split.adc)
    outputs = model.decode(latents_sent(spec, encoded.indices))
    decoded = decode_units(outputs, model.normalization, design)
    quality = sndr(split.spikes, decoded)
    spikes = split.spikes.shape[1]
    bits = encoded.payload_bits / spikes
    return LinearQuality(
        blocks=len(split),
        sndr_mean_db=quality.mean_db,
        sndr_global_db=quality.global_db,
        sndr_worst_db=quality.worst_db,
        sndr_worst_unit_db=None if units is None else worst_unit(split.spikes, decoded, units),
        bits_per_spike=float(bits.mean()),
        bits_p99=float(np.percentile(bits, 99)),
        cr_huffman=design.block.samples * SAMPLE_BITS / float(bits.mean()),
        escaped_share=escaped_share(spec, encoded.indices),
    )


def escaped_share(spec: EncoderSpec, indices: NDArray[np.integer]) -> float:
    """Of the symbols in indices ``[n, S]`` that can say that levels lie outside, those that do; 0 without any."""
    symbols = spec.symbols
    reserved = sorted({by for by in symbols.escaped_by if by >= 0})
    if not reserved:
        return 0.0
    return float((indices[:, reserved] == np.array(symbols.sizes)[reserved] - 1).mean())


def worst_unit(original: NDArray[np.floating], decoded: NDArray[np.floating], units: NDArray[np.integer]) -> float:
    """The least SNDR of a unit's spikes together, of spikes ``[..., D]`` and the units of the first so many; 0 is none.

    Raises:
        ValueError: no spike has a unit.
    """
    rows = [spikes.reshape(-1, spikes.shape[-1])[: len(units)] for spikes in (original, decoded)]
    found = [sndr(*(part[units == unit] for part in rows)).global_db for unit in np.unique(units[units > 0])]
    if not found:
        raise ValueError("no spike has a unit; leave the units out")
    return min(found)
