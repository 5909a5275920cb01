"""Which channels make a neighbourhood, and which may see the same event: from contacts, or from groups."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Design
from spikecae.errors import InputError
from spikecae.front_end.geometry import close_contacts, nearest_contacts

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["Arrangement", "arrange"]

OF_PROBES = "group"
"""Property in which SpikeInterface numbers the probes of a recording of several."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """How channels belong together.

    Attributes:
        nearest: intp ``[C, P]``, the channels of an event at each channel; P is 1 for a queue.
        close: bool ``[C, C]``, which may see the same event.
        contacts_um: ``[C, 2]``, or None.
        groups: of each channel, or None.
    """

    nearest: NDArray[np.intp]
    close: NDArray[np.bool_]
    contacts_um: NDArray[np.float64] | None
    groups: list[str | int] | None


def arrange(recording: "BaseRecording", design: Design, groups: str | None) -> Arrangement:
    """Neighbourhoods of M channels within each group of channels that have one value of the property ``groups``.

    Of a recording of several probes, each is a group without being told.

    Raises:
        InputError: contacts are needed and not known, there is no such property, or a group is too small.
    """
    channels, block = recording.get_num_channels(), design.block
    contacts = np.asarray(recording.get_channel_locations()[:, :2], np.float64) if recording.has_probe() else None
    if groups is None and contacts is not None and len(recording.get_probes()) > 1:
        groups = OF_PROBES
    labels = None if groups is None else recording.get_property(groups)
    if groups is not None and labels is None:
        known = ", ".join(recording.get_property_keys())
        raise InputError(f"groups = {groups!r} is no property of the recording, which has {known}; name one of these")
    told = None if labels is None else [_plain(label) for label in labels]
    if block.kind == "queue":
        return Arrangement(np.arange(channels)[:, None], np.eye(channels, dtype=bool), contacts, told)
    group = np.zeros(channels, np.intp) if labels is None else np.unique(labels, return_inverse=True)[1].ravel()
    nearest = np.empty((channels, block.spikes), np.intp)
    close = np.zeros((channels, channels), bool)
    for number in range(int(group.max()) + 1):
        own = np.flatnonzero(group == number)
        which = "" if told is None else f" of group {told[own[0]]!r}"
        if len(own) < block.spikes:
            raise InputError(
                f"{len(own)} channels{which}, and design {design.name!r} codes neighbourhoods of {block.spikes}; leave "
                f"them out (select_channels), or take another codec"
            )
        if contacts is None and len(own) > block.spikes:
            raise InputError(
                f"the recording has no contact positions, and {len(own)} channels{which} are more than one "
                f"neighbourhood of {block.spikes}; attach a probe (set_probe), or name a property of groups of "
                f"{block.spikes} channels (groups=)"
            )
        places = np.zeros((len(own), 2)) if contacts is None else contacts[own]
        if not np.isfinite(places).all():
            wrong = recording.channel_ids[own[~np.isfinite(places).all(axis=1)][0]]
            raise InputError(f"the contact of channel {wrong} has no position; leave it out (remove_channels)")
        nearest[own] = own[nearest_contacts(places, block.spikes)]
        close[np.ix_(own, own)] = close_contacts(places, design.recording.radius_um)
    return Arrangement(nearest, close, contacts, told)


def _plain(label: object) -> str | int:
    return int(label) if isinstance(label, int | np.integer) else str(label)
