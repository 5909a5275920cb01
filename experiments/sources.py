"""The recordings that experiments are measured on."""

import os
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from model.datasets import SpikeDataset, load_dataset
from model.datasets.spikes import VALIDATION_FRACTION, halves
from spikecae.design import Design
from spikecae.opening.description import Description
from spikecae.opening.provenance import Provenance

__all__ = ["HC1", "WAVE_CLUS", "MissingData", "data_file", "learned_labels", "read", "read_probe", "tested_labels"]

WAVE_CLUS = {
    "D2 0.05": "wave_clus/spikes_C_Difficult2_noise005.mat",
    "D2 0.2": "wave_clus/spikes_C_Difficult2_noise02.mat",
}
"""The paper's C_Difficult2 sequences, by the names of its Table 1."""
HC1 = "hc1/d533101.mat"
PROVENANCE: dict[str, Provenance] = {HC1: "real", **dict.fromkeys(WAVE_CLUS.values(), "semi-synthetic")}
"""Of the published files, as their authors say."""
PROBE, PROBE_CONTACTS = "neuropixels/neuropixel.bin", "neuropixels/neuropixel_channels.npy"
"""A third of a second of ten channels of a Neuropixels probe, int16, and where they are, in µm."""
PROBE_HZ, PROBE_LSB_UV = 30000.0, 2.34375


class MissingData(FileNotFoundError):
    """A recording that is not in the data folder; the experiment is left out, and its document says why."""


def data_file(name: str) -> Path:
    """The file ``name`` in the folder that ``SPIKECAE_DATA`` names.

    Raises:
        MissingData: the variable is unset, or there is no such file.
    """
    folder = os.environ.get("SPIKECAE_DATA")
    if not folder:
        raise MissingData(f"no data folder for {name}; set SPIKECAE_DATA to the folder that holds it")
    path = Path(folder) / name
    if not path.is_file():
        raise MissingData(f"no file {name} in SPIKECAE_DATA; copy it there")
    return path


def tested_labels(name: str, spikes: int) -> NDArray[np.integer]:
    """Unit, from 1, of each of so many spikes of a Wave_Clus file's test split; 0 where the file assigns none.

    A queue of one channel keeps the order of the spikes.
    """
    labels = _labels(name)
    _, second = halves(len(labels))
    return labels[second][:spikes]


def learned_labels(name: str, train: int, validation: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """The same of so many spikes of the training and of the validation split."""
    labels = _labels(name)
    first, _ = halves(len(labels))
    held_out = round((first.stop - first.start) * VALIDATION_FRACTION)
    return labels[first][:-held_out][:train], labels[first][-held_out:][:validation]


def _labels(name: str) -> NDArray[np.integer]:
    labels: NDArray[np.integer] = loadmat(data_file(name))["spikes_labels"].ravel()
    return labels


def read_probe(design: Design) -> SpikeDataset:
    """The spikes of the Neuropixels probe, in blocks of ``design``."""
    from spikeinterface.core import read_binary  # takes seconds to import

    contacts = np.load(data_file(PROBE_CONTACTS))
    recording = read_binary(
        data_file(PROBE),
        sampling_frequency=PROBE_HZ,
        num_channels=len(contacts),
        dtype="int16",
        gain_to_uV=PROBE_LSB_UV,
        offset_to_uV=0.0,
    )
    recording.set_dummy_probe_from_locations(contacts)
    recording.name = PROBE
    return load_dataset(design, recording, description=Description(provenance="real"))


@cache
def _read(name: str | None, design: str, split_seed: int | None) -> SpikeDataset:
    known = Description(provenance=PROVENANCE.get(name or ""))
    return load_dataset(
        Design.model_validate_json(design), None if name is None else data_file(name), split_seed, known
    )


def read(name: str | None, design: Design, split_seed: int | None = None) -> SpikeDataset:
    """The spikes of file ``name``, or of the embedded recording, in blocks of ``design``.

    Split by time, or at random from ``split_seed``.
    """
    return _read(name, design.model_dump_json(), split_seed)
