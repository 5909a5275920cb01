"""Coloquinte in a process of its own, as it writes to the standard output by itself: ``python -m`` with two files."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EFFORT"]

EFFORT = 3
"""Coloquinte's default, of 1 to 9."""


def _place(given: dict[str, NDArray[Any]]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """(blocks,) where each lies, and whether it is upside down. Each step is told on the standard error."""
    import coloquinte as placer

    count = len(given["x"])
    circuit = placer.Circuit(count)
    circuit.cell_width, circuit.cell_height = given["width"].tolist(), given["height"].tolist()
    circuit.cell_is_fixed = given["fixed"].tolist()
    circuit.cell_is_obstruction = given["solid"].tolist()
    circuit.cell_row_polarity = [
        placer.CellRowPolarity.ANY if fixed else placer.CellRowPolarity.SAME for fixed in given["fixed"]
    ]
    upright, mirrored = placer.CellOrientation.N, placer.CellOrientation.FS
    circuit.cell_orientation = [mirrored if down else upright for down in given["upside_down"]]
    circuit.cell_x, circuit.cell_y = given["x"].tolist(), given["y"].tolist()
    block, dx, dy, pull = (given[name].tolist() for name in ("block", "dx", "dy", "pull"))
    starts = np.flatnonzero(np.r_[True, np.diff(given["net"]) > 0, True]).tolist()
    for begin, end in pairwise(starts):
        if end - begin > 1:
            circuit.add_net(block[begin:end], dx[begin:end], dy[begin:end], pull[begin])
    width, height, row = given["die"].tolist()
    circuit.setup_rows(placer.Rectangle(0, width, 0, height), row, True, True)

    def tell(step: Any) -> None:
        print(step.name, file=sys.stderr, flush=True)

    effort = placer.ColoquinteParameters(EFFORT, int(given["seed"]))
    circuit.place_global(effort, tell)
    circuit.place_detailed(effort, tell)
    down = np.array([orientation == mirrored for orientation in circuit.cell_orientation])
    return np.array(circuit.cell_x, dtype=np.int32), np.array(circuit.cell_y, dtype=np.int32), down


def main() -> None:
    """Read what is to be placed from the first file, and write where it lies to the second."""
    source, result = (Path(argument) for argument in sys.argv[1:])
    with np.load(source, allow_pickle=False) as arrays:
        given = {name: arrays[name] for name in arrays.files}
    x, y, down = _place(given)
    with result.open("wb") as file:
        np.savez(file, x=x, y=y, upside_down=down)


if __name__ == "__main__":
    main()
