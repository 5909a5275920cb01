"""``python -m benchmarks.early_exit``: multiply-accumulates of the search that an early exit saves, on real latents.

A candidate's score is summed element after element, and stopped where what is known shows that it cannot win. Three
bounds on what is still to come, per codeword and chunk: ``stored`` is a constant of the codeword alone, for any
latents; ``norms`` is the Cauchy-Schwarz bound, which also needs each sub-vector's norm and a product per candidate;
``squares``, which the hardware has, only that squared differences are not negative.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model.datasets import load_dataset
from rtl.planning import make_plan
from rtl.stages.vector_quantizer import SearchPart
from spikecae.design import load_design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, load_spec
from spikecae.stages import VectorQuantizer

__all__ = ["main", "stopped"]

Integers = NDArray[np.int64]
Rest = Callable[[Integers, Integers], Integers]
"""The least that elements (n, L - j) and (K, L - j) can add to scores ``-2 <y, c>``, (n, K)."""


def _stored(y: Integers, c: Integers) -> Integers:
    return np.broadcast_to(-256 * np.abs(c).sum(axis=1), (len(y), len(c)))


def _norms(y: Integers, c: Integers) -> Integers:
    lengths = [np.ceil(np.sqrt((x**2).sum(axis=1))).astype(np.int64) for x in (y, c)]
    bound: Integers = -2 * lengths[0][:, None] * lengths[1]
    return bound


def _squares(y: Integers, c: Integers) -> Integers:
    bound: Integers = -(y**2).sum(axis=1)[:, None] - (c**2).sum(axis=1)
    return bound


BOUNDS: dict[str, Rest] = {"stored": _stored, "norms": _norms, "squares": _squares}


def stopped(y: Integers, words: Integers, bias: Integers, ends: list[int], rest: Rest) -> float:
    """Share of the elements that need not be multiplied.

    Args:
        y: (n, L) sub-vectors.
        words: (K, L) codewords.
        bias: (K,) what each score starts from.
        ends: elements known after each chunk, the last one L; tested after all but the last.
        rest: the bound on what is still to come.
    """
    scores = bias - 2 * y @ words.T
    best = np.minimum.accumulate(scores, axis=1)[:, :-1]
    dead = np.zeros(best.shape, dtype=bool)
    saved = 0.0
    for end, after in pairwise(ends):
        known = bias - 2 * y[:, :end] @ words[:, :end].T
        dead |= (known + rest(y[:, end:], words[:, end:]))[:, 1:] >= best
        saved += dead.sum() * (after - end)
    return float(saved / scores.size / words.shape[1])


def latents_of(spec: EncoderSpec, adc: NDArray[np.int16]) -> Integers:
    """(n, L) sub-vectors of blocks (n, M, D); the table must share one codebook."""
    flat = encode(spec, adc).taps[spec.transforms[-1].name].astype(np.int64).reshape(len(adc), -1)
    parts = [flat[:, part.offset : part.offset + part.length] for part in spec.only(VectorQuantizer).table]
    return np.concatenate(parts)


def main(
    design: Annotated[str, typer.Option(help="A design with a shipped spec.")] = "neuropixels",
    data: Annotated[Path | None, typer.Option(help="Recording; the embedded one by default.")] = None,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks of the test split, evenly spread.")] = 256,
) -> None:
    """Print, for every fold, how a score is divided and what share of the multiplications each bound stops."""
    file = Path("designs") / f"{design}.toml"
    chip, spec = load_design(file), load_spec(file.with_suffix(""))
    adc = load_dataset(chip, data).test.adc
    adc = adc[np.unique(np.linspace(0, len(adc) - 1, blocks).astype(int))]
    y = latents_of(spec, adc)
    (book,) = spec.only(VectorQuantizer).codebooks
    words, bias = book.words.astype(np.int64), book.bias.astype(np.int64)
    table = Table(box=None, pad_edge=False, header_style="bold", title=f"{design}: {len(adc)} blocks, stopped")
    for heading in ("fold", "lanes", "elements tested after", *BOUNDS):
        table.add_column(heading, justify="right")
    for fold in (1, 2, 4, 8, 16):
        part = make_plan(spec, chip.hardware.model_copy(update={"fold": fold, "early_exit": True})).quantizer
        if not isinstance(part, SearchPart):
            raise typer.BadParameter(f"{design} has no codeword search")
        search = part.search
        step = search.length - search.tail if search.tail else search.taps
        ends = [*range(step, search.length, step), search.length]
        shares = [f"{stopped(y, words, bias, ends, rest):.1%}" for rest in BOUNDS.values()]
        table.add_row(str(fold), str(search.lanes), ", ".join(map(str, ends[:-1])), *shares)
    Console(width=120, highlight=False).print(table)


if __name__ == "__main__":
    typer.run(main)
