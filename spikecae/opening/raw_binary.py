"""Raw binary files: samples of all channels, one after the other, as a description says."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spikecae.errors import InputError
from spikecae.opening.description import SUFFIX, Description

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["RAW_SUFFIXES", "open_raw"]

RAW_SUFFIXES = (".bin", ".dat", ".raw")
NEEDED = ("sampling_rate_hz", "channels", "dtype")


def open_raw(path: Path, description: Description) -> "BaseRecording":
    """The recording in a raw binary file.

    Raises:
        InputError: the description lacks something, or does not fit the file's size.
    """
    from spikeinterface.core import read_binary

    if lacking := [name for name in NEEDED if getattr(description, name) is None]:
        raise InputError(
            f"{path}: a raw binary file does not say what is in it; write {', '.join(lacking)} (and gain, unit, "
            f"contacts_um) into {path.name}{SUFFIX} beside it, or into a file given as RAW, or give them as options"
        )
    channels = description.channels or 1
    frame = channels * np.dtype(description.dtype).itemsize
    whole = path.stat().st_size
    size = whole - description.header_bytes
    if size < 0:
        raise InputError(
            f"{path}: header_bytes = {description.header_bytes} is more than the {whole} bytes of the file; correct it "
            f"in its description"
        )
    if size <= 0 or size % frame:
        raise InputError(
            f"{path}: {size} bytes are no whole number of samples of {channels} channels as {description.dtype}, "
            f"{frame} bytes each; correct channels, dtype or header_bytes in its description"
        )
    return read_binary(
        path,
        sampling_frequency=float(description.sampling_rate_hz or 0),
        num_channels=channels,
        dtype=f"<{np.dtype(description.dtype).str[1:]}",
        file_offset=description.header_bytes,
    )
