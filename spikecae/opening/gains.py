"""How many microvolts a step is: what the file says, and what its description does."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikecae.errors import InputError
from spikecae.front_end.adc import MICROVOLTS
from spikecae.opening.description import Description

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["check_gain", "gain_of_file", "of_each", "with_gains"]

GAIN_TOLERANCE = 0.01


def gain_of_file(recording: "BaseRecording") -> NDArray[np.float64] | None:
    """µV per step of each channel; None where the recording does not say, or is of no voltage."""
    units = recording.get_property("physical_unit")
    if not recording.has_scaleable_traces() or (units is not None and not np.isin(units, [*MICROVOLTS]).all()):
        return None
    gains = np.asarray(recording.get_channel_gains(), np.float64)
    return gains if (np.isfinite(gains) & (gains != 0)).all() else None


def of_each(key: str, value: float | list[float], channels: int, source: str) -> NDArray[np.float64]:
    """One value for each of so many channels.

    Raises:
        InputError: there are values, but for another number of channels.
    """
    if isinstance(value, list) and len(value) != channels:
        raise InputError(f"{source}: {key} has {len(value)} values for {channels} channels; give one, or one a channel")
    return np.broadcast_to(np.asarray(value, np.float64), (channels,))


def check_gain(said: NDArray[np.float64], of_file: NDArray[np.floating], source: str) -> None:
    """Compare the µV per step of a description with those of the file, ``[C]`` each.

    Raises:
        InputError: they contradict each other.
    """
    if (np.abs(said - of_file) > GAIN_TOLERANCE * np.abs(of_file)).any():
        raise InputError(
            f"{source}: the file says {of_file[0]:g} µV per step, its description {said[0]:g}; take the gain out of "
            f"the description, or correct it"
        )


def with_gains(recording: "BaseRecording", description: Description, source: str) -> "BaseRecording":
    """The recording with the gains and offsets that its description says, so that it knows its µV.

    Of a unit of its own, ``"1"``, the samples themselves are scaled, where a gain is told, and no µV are known.

    Raises:
        InputError: the description contradicts the file, or is of other channels.
    """
    from spikeinterface.preprocessing import scale  # takes seconds to import

    channels, of_file = recording.get_num_channels(), gain_of_file(recording)
    if description.gain is None and description.unit is None:
        return recording
    gain = of_each("gain", description.gain or 1.0, channels, source)
    offset = of_each("offset", description.offset, channels, source)
    if description.unit == "1":
        if of_file is not None:
            raise InputError(
                f"{source}: the file says {of_file[0]:g} µV per step, its description a unit of its own, '1'; take the "
                f"unit out of the description, or correct it"
            )
        return scale(recording, gain=gain, offset=offset, dtype="float32")
    factor = MICROVOLTS[description.unit or "uV"]
    if of_file is None:
        recording.set_channel_gains(factor * gain)
        recording.set_channel_offsets(factor * offset)
    elif description.gain is not None:
        check_gain(factor * gain, of_file, source)
    return recording
