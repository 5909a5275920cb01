"""Where contacts lie, and what follows from it: which of them make a neighbourhood, which can see the same event."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["close_contacts", "nearest_contacts"]


def nearest_contacts(positions: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """For each contact at ``positions`` ``[C, 2]`` (µm) the ``count`` nearest, itself included: ``[C, count]``.

    Of contacts equally far, the earlier ones. Rows are in order of position along the probe (y, then x): the paper
    codes 1 to 2 dB better with the order kept.
    """
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    chosen = np.argsort(distance, axis=1, kind="stable")[:, :count]
    along = np.argsort(np.lexsort((positions[:, 0], positions[:, 1])))
    order = np.argsort(along[chosen], axis=1)
    return np.take_along_axis(chosen, order, axis=1)


def close_contacts(positions: NDArray[np.floating], radius_um: float) -> NDArray[np.bool_]:
    """Which contacts at ``positions`` ``[C, 2]`` (µm) lie within ``radius_um`` of each other: ``[C, C]``."""
    return np.asarray(np.linalg.norm(positions[:, None] - positions[None], axis=-1) <= radius_um)
