"""What a recording says about the chip that is to code it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flow.drafting.sampling import check_sampling
from model.datasets.readers.recording import detected, open_for
from spikecae.design import Design, Recording
from spikecae.opening.description import Description

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["Survey", "survey"]

EXCERPT_S = 60.0
"""From the beginning; enough to tell noise and amplitudes."""
LARGEST = 0.999
"""Quantile of the samples of spikes that the converter has to hold."""


@dataclass(frozen=True)
class Survey:
    """Figures of a recording in its ``unit``: ``noise`` is the deviation of the middle channel, ``largest`` the
    magnitude that but few samples of spikes exceed, ``rate_hz`` spikes a second and channel."""

    source: str
    seconds: float
    sampling_rate_hz: float
    unit: str
    channels: int
    placed: bool
    """Whether its contacts have positions."""
    noise: float
    largest: float
    rate_hz: float
    negative: bool
    """Whether more peaks are negative than positive."""


def survey(path: Path, description: Description, draft: Design) -> Survey:
    """Read the beginning of a recording, and find its spikes.

    Args:
        path: a continuous recording.
        description: what it does not say about itself.
        draft: how spikes are found; rate, unit and polarity are the recording's.

    Raises:
        ValueError: it cannot be read, or has no spikes to go by.
    """
    recording = open_for(path, draft, description.model_copy(update={"resample": False}))
    rate, unit = float(recording.get_sampling_frequency()), _unit(recording, description)
    check_sampling(rate, path.name)
    seconds = min(EXCERPT_S, recording.get_num_samples(0) / rate)
    excerpt = recording.select_segments([0]).frame_slice(0, int(seconds * rate))
    wanted = draft.recording.model_dump()
    wanted |= {"sampling_rate_hz": rate, "unit": unit, "polarity": "both"}
    wanted["band_hz"] = [wanted["band_hz"][0], min(wanted["band_hz"][1], 0.3 * rate)]
    block = draft.block.model_copy(update={"kind": "queue"})
    design = draft.model_copy(update={"recording": Recording.model_validate(wanted), "block": block})
    table = detected(excerpt, path.name, design, description)
    peaks = table.snippets[:, 0, wanted["peak"]]
    noise = table.quality.noise
    assert noise is not None  # they were detected here
    channels = recording.get_num_channels()
    return Survey(
        source=path.name,
        seconds=seconds,
        sampling_rate_hz=rate,
        unit=unit,
        channels=channels,
        placed=recording.has_probe(),
        noise=float(np.sqrt(noise.least * noise.largest)),
        largest=float(np.quantile(np.abs(table.snippets), LARGEST)),
        rate_hz=len(peaks) / seconds / channels,
        negative=bool((peaks < 0).mean() > 0.5),
    )


def _unit(recording: "BaseRecording", description: Description) -> str:
    """As the design will work in: microvolts where the scale is known."""
    if description.unit is not None:
        return "1" if description.unit == "1" else "uV"
    known = description.gain is not None or recording.has_scaleable_traces() or recording.get_dtype().kind == "f"
    return "uV" if known else "1"
