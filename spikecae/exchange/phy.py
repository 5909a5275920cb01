"""Decoded spikes as phy opens them."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from spikecae.errors import InputError
from spikecae.files import OutputError, check_folder
from spikecae.recordings.spikes import DecodedSpikes

if TYPE_CHECKING:
    from spikeinterface.core import SortingAnalyzer

__all__ = ["export_to_phy"]


def export_to_phy(
    spikes: DecodedSpikes,
    folder: str | os.PathLike[str],
    labels: "Sequence[Any] | NDArray[Any] | None" = None,
) -> Path:
    """Write a folder for phy, by SpikeInterface's export; returns the path of the parameters, which phy opens.

    Traces are the decoded snippets with white noise between, as large as that of the recording; of several segments,
    one after the other, as phy knows one.

    Args:
        spikes: of ``spikecae.read_scae``.
        folder: a new one.
        labels: of each event, as a sorter of yours has found them; a unit for each channel where they are left out.

    Raises:
        InputError: there are no events, or no contacts.
        OutputError: ``folder`` exists.
    """
    from spikeinterface.exporters import export_to_phy as export

    target = Path(folder)
    if not len(spikes):
        raise InputError(f"{spikes!r}, and phy opens no file without spikes; give one with some")
    if spikes.probe is None:
        raise InputError("the file has no contacts, and phy shows where units are; compress with a probe (set_probe)")
    if target.exists():
        raise OutputError(f"{target} exists; name a new folder for phy")
    check_folder(target.parent)
    analyzer = _of_one_segment(spikes, labels)
    per_ms, peak = spikes.sampling_rate_hz / 1000, spikes.recorded.peak
    around = {"ms_before": (peak + 0.5) / per_ms, "ms_after": (spikes.header.samples - peak + 0.5) / per_ms}
    analyzer.compute(
        {"random_spikes": {}, "waveforms": around, "templates": {}, "spike_amplitudes": {}, "principal_components": {}},
        progress_bar=False,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
        export(analyzer, Path(temporary) / "phy", use_relative_path=True, verbose=False, progress_bar=False)
        os.replace(Path(temporary) / "phy", target)
    return target / "params.py"


def _of_one_segment(spikes: DecodedSpikes, labels: "Sequence[Any] | NDArray[Any] | None") -> "SortingAnalyzer":
    from spikeinterface.core import (
        concatenate_recordings,
        concatenate_sortings,
        create_sorting_analyzer,
        select_segment_sorting,
    )

    if len(spikes.recorded.segment_samples) == 1:
        return spikes.to_analyzer(labels)
    recording, sorting = spikes.to_recording(noise=True), spikes.to_sorting(labels)
    lengths = list(spikes.recorded.segment_samples)
    sorting = concatenate_sortings([select_segment_sorting(sorting, part) for part in range(len(lengths))], lengths)
    return create_sorting_analyzer(sorting, concatenate_recordings([recording]), job_kwargs={"progress_bar": False})
