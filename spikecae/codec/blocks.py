"""What an encoder takes: ADC codes of the right shape and range, and channels and times that packets can carry."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikecae.bitstream.events import Events
from spikecae.bitstream.huffman import positions, stray_escapes
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.spec import EncoderSpec

__all__ = ["check_finite", "checked_codes", "checked_events", "checked_indices", "whole_number"]

LAST_CHANNEL = 0xFFFF


def whole_number(value: object, name: str) -> int:
    """``value``, if it is an integer, Python's or NumPy's, and not merely a number or text that looks like one.

    Raises:
        InputError: it is not; ``name`` is what the message calls it.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} = {value!r} must be an integer; convert it with int()")
    return int(value)


def _unmasked(values: Any, name: str, remedy: str) -> NDArray[Any]:
    """An array without masked values: packets have no masks, and what lies beneath would pass for measured."""
    if np.ma.is_masked(values):
        mask = np.ma.getmaskarray(values)
        raise InputError(
            f"{name}: {np.count_nonzero(mask)} of {mask.size} values are masked, and packets have no masks; {remedy}"
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name} are no array: {error}; give rows of equal length") from None


def check_finite(samples: NDArray[np.floating[Any]], first_block: int) -> None:
    """Make sure that no sample (n, M, D) is NaN or infinite.

    Raises:
        InputError: naming the first that is; ``first_block`` is the number of block 0.
    """
    wrong = ~np.isfinite(samples)
    if wrong.any():
        where, count = _first(wrong, first_block), int(wrong.sum())
        others = f", and so are {count - 1} samples after it" if count > 1 else ""
        raise InputError(
            f"{where} is {samples[wrong][0]}, not a number{others}; leave such blocks out, or repair the recording"
        )


def checked_codes(codes: ArrayLike, spec: EncoderSpec, adc: Adc, first_block: int) -> NDArray[np.int16]:
    """Blocks (n, M, D) of ADC codes, as an encoder takes them.

    Raises:
        InputError: they are no integers, masked, of another shape than the spec's, or beyond the converter's range.
    """
    array = _unmasked(codes, "blocks", "leave such blocks out, or fill them with codes, as filled(0) does")
    if array.ndim != 3 or array.shape[1:] != (spec.spikes, spec.samples):
        raise InputError(
            f"blocks have the shape {array.shape}; {spec.design!r} takes (n, {spec.spikes}, {spec.samples}): "
            f"n blocks of {spec.spikes} spikes of {spec.samples} samples"
        )
    if array.dtype.kind not in "iu":
        raise InputError(
            f"samples are {array.dtype}, and ADC codes are integers; convert recording units with "
            f"spikecae.front_end.adc.units_to_codes(samples, adc), or change the type of what are codes already"
        )
    if array.size and not adc.minimum <= int(array.min()) <= int(array.max()) <= adc.maximum:
        wrong = (array < adc.minimum) | (array > adc.maximum)
        raise InputError(
            f"{_first(wrong, first_block)} is {int(array[wrong][0])}, no code of a {adc.bits}-bit "
            f"{'signed' if adc.signed else 'unsigned'} converter, which has {adc.minimum}..{adc.maximum}; are these "
            f"recording units, another design's codes, or those of {'an unsigned' if adc.signed else 'a signed'} one?"
        )
    return array.astype(np.int16, copy=False)


def checked_events(events: Events, blocks: int, spikes: int, first_block: int) -> Events:
    """Channels and times as arrays of integers, as many as ``blocks`` or, the times, as ``spikes``.

    Raises:
        InputError: they are others, or a channel does not fit a packet. What times fit depends on those before them.
    """
    channels, times = (
        _unmasked(array, name, "leave such blocks out, or send all blocks without events")
        for name, array in (("channels", events.channels), ("times", events.times))
    )
    if channels.shape != (blocks,) or times.shape not in ((blocks,), (spikes,)):
        raise InputError(
            f"{blocks} blocks of {spikes} spikes need {blocks} channels and {blocks} or {spikes} times, got arrays "
            f"of {channels.shape} and {times.shape}"
        )
    for name, array in (("channels", channels), ("times", times)):
        if array.dtype.kind not in "iu":
            raise InputError(f"{name} are {array.dtype}, and must be integers; times count samples")
    wrong = (channels < 0) | (channels > LAST_CHANNEL)
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(f"block {first_block + at}: channel {channels[at]} does not lie in 0..{LAST_CHANNEL}")
    return Events(channels.astype(np.int64), times)


def checked_indices(indices: ArrayLike, spec: EncoderSpec) -> NDArray[np.integer[Any]]:
    """Indices (n, S), as a decoder takes them: of a symbol each, or the number of an escape.

    Raises:
        InputError: they are no integers, masked, not S a block, an index is beyond its position's, or an escape that is
            not sent is not 0.
    """
    array, (sizes, _, escaped_by) = _unmasked(indices, "indices", "leave such blocks out"), positions(spec.symbols)
    if array.ndim != 2 or array.shape[1] != len(sizes):
        raise InputError(
            f"indices have the shape {array.shape}; {spec.design!r} takes (n, {len(sizes)}): n blocks of {len(sizes)} "
            f"indices, as CodedPacket.blocks.indices has them"
        )
    if array.dtype.kind not in "iu":
        raise InputError(f"indices are {array.dtype}, and must be integers; give those that Decoder.feed returned")
    wrong = (array < 0) | (array >= sizes)
    if wrong.any():
        block, position = np.unravel_index(int(wrong.argmax()), wrong.shape)
        raise InputError(
            f"block {block}, index {position} is {array[block, position]}, and must lie in 0..{sizes[position] - 1} "
            f"for {spec.design!r}; give the indices of packets of this spec"
        )
    stray = stray_escapes(array, spec.symbols)
    if stray.any():
        block, position = np.unravel_index(int(stray.argmax()), stray.shape)
        by = escaped_by[position]
        raise InputError(
            f"block {block}, index {position} is {array[block, position]}, and must be 0 where index {by} is not "
            f"{sizes[by] - 1}, the symbol that it follows, but {array[block, by]}; give the indices of packets of this "
            f"spec"
        )
    return array


def _first(wrong: NDArray[np.bool_], first_block: int) -> str:
    """Where the first of the marked samples (n, M, D) is."""
    block, spike, sample = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return f"block {first_block + block}, channel (or spike of a queue) {spike}, sample {sample}"
