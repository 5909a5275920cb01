"""Where the contacts of a recording are, as its description says."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikecae.errors import InputError
from spikecae.opening.description import Description

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["with_contacts"]


def with_contacts(recording: "BaseRecording", description: Description, path: Path) -> "BaseRecording":
    """The recording with the contacts that its description names, if it names any.

    Raises:
        InputError: they are of another number of channels, or the probe file is none.
    """
    if description.probe is not None:
        if description.probe.suffix in (".npy", ".csv"):
            return _placed(recording, _positions(description.probe), f"{description.probe} has", path)
        return _with_probe(recording, description.probe, path)
    if description.contacts_um is not None:
        places = np.asarray(description.contacts_um, np.float64)
        return _placed(recording, places, "contacts_um in its description has", path)
    return recording


def _with_probe(recording: "BaseRecording", probe: Path, path: Path) -> "BaseRecording":
    from probeinterface import read_probeinterface

    try:
        changed = recording.set_probegroup(read_probeinterface(probe))
    except Exception as error:  # whatever its parser meets
        raise InputError(
            f"{probe}: no probe for the {recording.get_num_channels()} channels of {path} ({error}); write it with "
            f"probeinterface (write_probeinterface), device channel indices set"
        ) from None
    return recording if changed is None else changed


def _positions(probe: Path) -> NDArray[np.float64]:
    """x and y of each contact, µm ``[C, 2]``."""
    remedy = "save x and y of a contact, in µm, in each row: (channels, 2)"
    try:
        if probe.suffix == ".npy":
            found = np.load(probe, allow_pickle=False)
        else:
            found = np.loadtxt(probe, delimiter=",", ndmin=2)
        places = np.asarray(found, np.float64)
    except ValueError as error:
        raise InputError(f"{probe}: no positions of contacts ({error}); {remedy}") from None
    if places.ndim != 2 or places.shape[1] != 2 or not np.isfinite(places).all():
        raise InputError(f"{probe}: {places.shape} numbers are no positions of contacts; {remedy}")
    return places


def _placed(recording: "BaseRecording", places: NDArray[np.float64], said: str, path: Path) -> "BaseRecording":
    channels = recording.get_num_channels()
    if len(places) != channels:
        raise InputError(f"{path}: {channels} channels, but {said} {len(places)} contacts; give one a channel")
    kinds, which = np.unique(places, axis=0, return_inverse=True)
    counts = np.bincount(which.ravel())
    if (counts > 1).any():
        shared = int(np.flatnonzero(counts > 1)[0])
        alike = ", ".join(map(str, np.flatnonzero(which.ravel() == shared)))
        raise InputError(
            f"{path}: {said} channels {alike} at one place, ({kinds[shared][0]:g}, {kinds[shared][1]:g}); give each "
            f"contact its own"
        )
    recording.set_dummy_probe_from_locations(places)
    return recording
