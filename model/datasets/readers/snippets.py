"""Spikes that a file holds already cut: judged as those of a recording are, and put in order of time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.data_quality import DataQuality
from model.datasets.faults import CODES, by_cause, find_snippet_faults
from model.datasets.spikes import SpikeTable
from model.datasets.units import rate_fault, scale_fault, units_per_step
from spikecae.design import Design
from spikecae.opening.description import OF_RAW_BINARY, Description, refuse_keys
from spikecae.opening.provenance import Provenance

__all__ = ["snippet_table"]

ALIVE = 0.1
"""Share of a channel's snippets that must hold a signal for it to be used."""
NAMED_SPIKES = 5
NOT_OF_SPIKES = (*OF_RAW_BINARY, "contacts_um", "probe", "reader", "stream", "resample")
"""Keys of a description that say nothing about spikes that are already cut."""


def snippet_table(
    stored: NDArray[np.number],
    times_s: NDArray[np.float64],
    channels: NDArray[np.int32],
    design: Design,
    description: Description,
    *,
    provenance: Provenance,
    source: str,
    rate_hz: float | None,
    notes: Sequence[str] = (),
) -> SpikeTable:
    """A table of the snippets ``stored`` ``[n, P, D]``, numbers as in the file, less those that hold no signal.

    Args:
        stored: P is M for a neighbourhood and 1 for a queue.
        times_s: ``[n]``, NaN where the file has none.
        channels: ``[n, P]``.
        design: whose blocks they are for.
        description: what the file does not say.
        provenance: as far as the file says.
        source: for messages and reports.
        rate_hz: as the file says; None where it does not.
        notes: what the reader has to say about the file.

    Raises:
        ValueError: a rate or a unit that is not the design's, a channel without a signal, or a description of what only
            a recording has.
    """
    refuse_keys(description, NOT_OF_SPIKES, source, "a file of spikes that are already cut")
    scale, offset = units_per_step(stored.dtype, stored.shape[1], None, design, description, source)
    snippets = np.asarray(stored * scale[:, None] + offset[:, None], np.float32)
    faults = find_snippet_faults(stored)
    quality = DataQuality(segments=1, channels=int(channels.max(initial=0)) + 1)
    alive = (faults == 0).mean(axis=0) if len(faults) else np.ones(snippets.shape[1])
    if dead := [f"channel {channel}" for channel in np.flatnonzero(alive < ALIVE).tolist()]:
        raise ValueError(
            f"{source}: {', '.join(dead)}: no signal in {100 * (1 - alive.min()):.0f} % of its snippets, and design "
            f"{design.name!r} codes all {snippets.shape[1]} of an event; mend or leave out the channel, or use another "
            f"design"
        )
    worst = faults.max(axis=1, initial=0)
    good = worst == 0
    faulty = np.flatnonzero(~good)
    said = [*notes, *(_where(index, faults[index]) for index in faulty[:NAMED_SPIKES].tolist())]
    if len(faulty) > NAMED_SPIKES:
        said.append(f"{len(faulty) - NAMED_SPIKES:,} more such spikes")
    quality = quality.model_copy(
        update={"excluded_spikes": by_cause(np.repeat(worst[~good], snippets.shape[1])), "notes": said}
    )
    snippets, times_s, channels = snippets[good], times_s[good], channels[good]
    rate = description.sampling_rate_hz if rate_hz is None else rate_hz
    if rate is not None and (fault := rate_fault(rate, design)):
        both = filter(None, [fault, scale_fault(snippets, design)])  # the size too, to be mended in one go
        raise ValueError(f"{source}: " + "; and ".join(both))
    order = np.argsort(times_s, kind="stable")
    return SpikeTable(
        snippets[order],
        times_s[order],
        channels[order],
        provenance,
        source,
        quality,
        more="give a file with more spikes",
    )


def _where(index: int, faults: NDArray[np.uint8]) -> str:
    names = {code: cause for cause, code in CODES.items()}
    (channel,) = np.flatnonzero(faults)[:1]
    return f"spike {index}, channel {channel}: {names[int(faults[channel])]}"
