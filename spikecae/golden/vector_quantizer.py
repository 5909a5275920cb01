"""Golden codeword search."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.golden.nearest import nearest
from spikecae.golden.step import quantize
from spikecae.stages.vector_quantizer import VectorQuantizer

__all__ = ["search"]


@quantize.register
def search(stage: VectorQuantizer, latents: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Nearest codeword of every sub-vector; the lowest index on a tie.

    Args:
        stage: codebooks and the table of sub-vectors.
        latents: (blocks, N · T) signed 8-bit latents, feature after feature.

    Returns:
        (blocks, S) indices.
    """
    indices = np.empty((len(latents), len(stage.table)), dtype=np.int32)
    for number, codebook in enumerate(stage.codebooks):
        positions = [position for position, part in enumerate(stage.table) if part.codebook == number]
        offsets = np.array([stage.table[position].offset for position in positions], dtype=np.intp)
        length = codebook.words.shape[1]
        vectors = latents.astype(np.int8)[:, offsets[:, None] + np.arange(length)]
        indices[:, positions] = nearest(codebook, vectors.reshape(-1, length)).reshape(len(latents), len(positions))
    return indices
