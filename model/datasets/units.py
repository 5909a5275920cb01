"""Whether samples are in the design's unit, at its rate, and of a size that its converter can take."""

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Design
from spikecae.front_end.adc import LEAST_CODES, MOST_CLIPPED, units_to_codes
from spikecae.opening.description import Description
from spikecae.opening.gains import check_gain, of_each
from spikecae.recordings.source import MICROVOLTS, RATE_TOLERANCE

__all__ = ["rate_fault", "scale_fault", "units_per_step"]


def rate_fault(rate_hz: float, design: Design) -> str | None:
    """What is wrong with a sampling rate, and the remedy."""
    wanted = design.recording.sampling_rate_hz
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        return f"a sampling rate of {rate_hz:g} Hz is none; write the right sampling_rate_hz into a description (RAW=)"
    if abs(rate_hz / wanted - 1) > RATE_TOLERANCE:
        return (
            f"sampled at {rate_hz:g} Hz, design {design.name!r} expects {wanted:g} Hz; "
            f"resample the recording (resample = true in a description, RAW=) or set recording.sampling_rate_hz"
        )
    return None


def scale_fault(spikes: NDArray[np.floating], design: Design, *, embedded: bool = False) -> str | None:
    """Why spikes ``[n, P, D]`` in recording units are too large or too small for the design's converter.

    ``embedded`` says that they are of the design's own recording, which has no unit or gain to be mended.
    """
    if not spikes.size:
        return None
    adc, unit = design.adc, design.recording.unit
    made = design.synthetic
    ours = f"set synthetic.noise, now {made.noise:g}, and synthetic.amplitude, now {made.amplitude}"
    theirs = f"check the recording's unit and gain (the design's unit is {unit!r})"
    remedy = f"{ours if embedded else theirs}, or set adc.lsb, now {adc.lsb:g}"
    _, clipped = units_to_codes(spikes, adc)
    if clipped > MOST_CLIPPED * spikes.size:
        return (
            f"{100 * clipped / spikes.size:.0f} % of the spikes' samples lie beyond the converter's {adc.minimum} to "
            f"{adc.maximum} steps of {adc.lsb:g}, {100 * MOST_CLIPPED:.0f} % may; {remedy}"
        )
    heights = np.ptp(spikes, axis=-1).max(axis=-1)
    if (height := float(np.median(heights)) / adc.lsb) < LEAST_CODES:
        return (
            f"the median spike is {height:.2g} steps of adc.lsb = {adc.lsb:g} high, from peak to peak; {LEAST_CODES} "
            f"are needed to see one; {remedy}"
        )
    return None


def units_per_step(
    dtype: np.dtype[np.generic],
    channels: int,
    file_gain_uv: NDArray[np.floating] | None,
    design: Design,
    description: Description,
    source: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The design's units per step of the numbers stored, and units at the number 0: each ``[C]``.

    Args:
        dtype: of the numbers. Floating-point ones without a gain are taken as in the design's unit; how large they are
            is judged when there are spikes.
        channels: C.
        file_gain_uv: ``[C]``, µV per step, as the file says; None where it does not.
        design: says in which unit spikes are wanted.
        description: what the user says about it.
        source: for messages.

    Raises:
        ValueError: integers without a gain, a unit that is not the design's, or a description that contradicts the file
            or is of other channels.
    """
    wanted = design.recording.unit
    unit = description.unit
    if unit is None and (description.gain is not None or file_gain_uv is not None):
        unit = "uV"
    unknown = description.gain is None and file_gain_uv is None
    if unknown and dtype.kind in "iu" and (unit or wanted) in MICROVOLTS:
        raise ValueError(
            f"{source}: its samples are {dtype} without a gain, and design {design.name!r} works in {wanted!r}; write "
            f'what a step is, such as gain = 0.195 and unit = "uV", into a description (RAW=)'
        )
    if unit is not None and (unit in MICROVOLTS) != (wanted in MICROVOLTS):
        raise ValueError(
            f"{source}: the recording is in {unit!r}, design {design.name!r} in {wanted!r}, and '1' is a unit of its "
            f"own; set the design's recording.unit and adc.lsb, or write unit and gain of the recording's numbers into "
            f"a description (RAW=)"
        )
    factor = MICROVOLTS[unit] / MICROVOLTS[wanted] if unit in MICROVOLTS else 1.0
    offset = factor * of_each("offset", description.offset, channels, source)
    if file_gain_uv is None:
        return factor * of_each("gain", description.gain or 1.0, channels, source), offset
    if description.gain is not None:
        said = MICROVOLTS[unit or "uV"] * of_each("gain", description.gain, channels, source)
        check_gain(said, file_gain_uv, source)
    return np.asarray(file_gain_uv, np.float64) / MICROVOLTS[wanted], offset
