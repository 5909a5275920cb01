"""Test spikes unlike those of the training: chosen ones, overlapping ones, those of a probe that has moved."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from model.datasets import SpikeDataset, Split, load_dataset
from model.datasets.synthetic import JITTER, embedded_name, synthetic_recording
from spikecae.design import Design
from spikecae.opening.description import Description

__all__ = ["moved_probe", "only", "overlapping"]

T = TypeVar("T", bound=np.generic)


def only(split: Split, chosen: NDArray[np.bool_]) -> Split:
    """The ``chosen`` ``[n]`` spikes of a queue of one channel, in blocks; those that do not fill one are left out."""
    queued = split.spikes.shape[1]
    (kept,) = np.nonzero(chosen)
    kept = kept[: len(kept) // queued * queued]

    def blocks(values: NDArray[T]) -> NDArray[T]:
        return values.reshape(-1, *values.shape[2:])[kept].reshape(-1, *values.shape[1:])

    return Split(blocks(split.adc), blocks(split.spikes), blocks(split.times_s), blocks(split.channels))


def overlapping(split: Split, earliest: int, latest: int, seed: int) -> NDArray[np.float32]:
    """Spikes ``[B, M, D]`` of a neighbourhood, each with another event on the same contacts added, ``earliest`` to
    ``latest`` samples later: that event's own snippets, nothing before them, so that noise adds up where both are."""
    random = np.random.default_rng(seed)
    spikes = split.spikes.copy()
    order = random.permutation(len(split))
    for contacts in np.unique(split.channels, axis=0):
        (here,) = np.nonzero((split.channels[order] == contacts).all(axis=1))
        mine = order[here]
        for block, other in zip(mine, np.roll(mine, 1), strict=True):
            late = int(random.integers(earliest, latest + 1))
            spikes[block, :, late:] += split.spikes[other, :, :-late]
    return spikes


def moved_probe(design: Design, moved_um: float) -> SpikeDataset:
    """The embedded recording of ``design``, which has negative spikes, as a probe moved so far along itself has it: the
    same units, times and noise, the contacts elsewhere."""
    from spikeinterface.core.generate import InjectTemplatesRecording, generate_templates  # takes seconds to import

    recording = synthetic_recording(design)
    made = recording.to_dict(recursive=False)["kwargs"]
    positions = made["sorting"].get_property("gt_unit_locations") - np.array([0.0, moved_um, 0.0])
    shapes = generate_templates(
        recording.get_channel_locations(),
        positions,
        recording.get_sampling_frequency(),
        ms_before=1.0,
        ms_after=3.0,
        upsample_factor=JITTER,
        seed=design.synthetic.seed,
        unit_params={"alpha": tuple(design.synthetic.amplitude)},
    )
    moved = InjectTemplatesRecording(
        made["sorting"],
        shapes,
        nbefore=made["nbefore"],
        parent_recording=made["parent_recording"],
        upsample_vector=made["upsample_vector"],
    )
    moved.annotate(is_filtered=True)
    moved.set_probe(recording.get_probe())
    moved.set_channel_gains(1.0)
    moved.set_channel_offsets(0.0)
    moved.name = f"{embedded_name(design)}, probe moved by {moved_um:g} µm"
    return load_dataset(design, moved, description=Description(provenance="synthetic"))
