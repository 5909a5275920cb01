"""A recording to a ``.scae`` file."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from spikecae.codec import Encoder
from spikecae.codec.container import ContainerWriter, FileHeader, is_container
from spikecae.codec.spec_folder import files_in
from spikecae.cores import threads_of
from spikecae.errors import REPLACING
from spikecae.files import OutputError, check_output, replacing
from spikecae.recordings.blocks import Formed
from spikecae.recordings.chosen import CODEC_FOLDER, Codec, copy_codec, taken_along
from spikecae.recordings.prepared import Prepared
from spikecae.recordings.scale import Scale

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["SPIKES_FILE", "Compressed", "compress", "write_compressed"]

SPIKES_FILE = "spikes.scae"
"""Name of the file in a folder that :func:`compress` makes."""


@dataclass(frozen=True)
class Compressed:
    """What :func:`compress` wrote: ``path`` is the file. A spike is a snippet of one channel."""

    path: Path
    events: int
    spikes: int
    file_bytes: int
    clipped_samples: int
    recording_bytes: int
    """Of all samples of the recording, or of the snippets, as they were stored."""

    @property
    def bits_per_spike(self) -> float:
        """Of the file, header, events and framing included; NaN without spikes."""
        return 8 * self.file_bytes / self.spikes if self.spikes else float("nan")

    def __str__(self) -> str:
        if not self.events:
            return f"{self.path}: no spikes were found; 0 events in {self.file_bytes:,} bytes"
        return (
            f"{self.path}: {self.events:,} events, {self.spikes:,} spikes in {self.file_bytes:,} bytes, "
            f"{self.bits_per_spike:.1f} bits a spike; {self.recording_bytes / self.file_bytes:,.0f} times less than "
            f"what was stored"
        )


def compress(
    recording: "BaseRecording",
    codec: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    groups: str | None = None,
    uv_per_step: float | None = None,
    n_jobs: int | None = None,
    progress: bool = True,
    overwrite: bool = False,
) -> Compressed:
    """Find the spikes of a recording, encode them as the chip does, and write them to a ``.scae`` file.

    The recording is band-passed as the codec's design says; hand it over raw. Memory does not grow with its length.

    Args:
        recording: any of SpikeInterface's, of one segment or more.
        codec: the name of a shipped design, such as ``lite_probe``, or a folder with a spec and its design file.
        path: a file that ends in ``.scae``; or a folder, which gets the file and the codec beside it, so that whoever
            has the folder needs nothing else.
        groups: a property of the recording; a neighbourhood is of channels with one value of it. Without, each probe is
            a group.
        uv_per_step: µV in a step of the converter, in place of the design's. A design in a unit of its own has none:
            where it is left out, the spikes are made as large as those that the encoder was fitted to.
        n_jobs: threads; all cores where it is left out.
        progress: whether to show a bar, on standard error.
        overwrite: whether another file may be replaced than an earlier ``.scae`` file, and another codec in the folder.

    Raises:
        InputError: recording and codec do not go together, or samples are no numbers: the message says what to do.
        OutputError: ``path`` holds something else, or cannot be written.
    """
    jobs = threads_of(n_jobs)
    return write_compressed(Prepared(recording, codec, groups, uv_per_step), path, jobs, progress, overwrite)


class Blocks(Protocol):
    """Spikes that go together with a codec.

    Attributes:
        codec: what encodes them.
        header: of the file.
        scale: how large they are.
        stored_bytes: of all samples that they are of.
    """

    codec: Codec
    header: FileHeader
    scale: Scale
    stored_bytes: int

    def blocks(self, jobs: int, *, progress: bool) -> Iterator[Formed]:
        """All blocks, as they become full; a bar on standard error shows how far it is."""


def write_compressed(
    prepared: Blocks, path: str | os.PathLike[str], jobs: int, progress: bool, overwrite: bool
) -> Compressed:
    """Encode blocks into a file, or a folder with the codec beside it; for the arguments see :func:`compress`.

    Raises:
        InputError: samples are no numbers, or of a size that the converter cannot take.
        OutputError: ``path`` holds something else, or cannot be written.
    """
    chosen, target = prepared.codec, Path(path)
    folder = None if target.suffix == ".scae" else target
    if folder is not None and folder.is_file():
        raise OutputError(f"{folder} is a file; name one that ends in .scae, or a folder, which gets file and codec")
    target = target if folder is None else folder / SPIKES_FILE
    inputs = [*files_in(chosen.folder), chosen.design_file]
    check_output(target, inputs, kind="a .scae file", is_kind=is_container, overwrite=overwrite)
    if folder is not None and not overwrite:
        _check_codec_folder(chosen, folder / CODEC_FOLDER)
    encoder = Encoder(chosen.spec, signed=prepared.header.adc.signed, epoch=0)
    spikes = events = 0
    with replacing(target) as file:
        container = ContainerWriter(file, prepared.header)
        for formed in prepared.blocks(jobs, progress=progress):
            container.write(encoder.encode(formed.codes, formed.events, formed.missing))
            spikes += formed.codes.shape[0] * formed.codes.shape[1] - formed.missing
            events += len(formed.events.times)
        container.write(encoder.flush())
        container.close()
        size = file.tell()
        if folder is not None:
            copy_codec(chosen, folder / CODEC_FOLDER)
    return Compressed(target, events, spikes, size, prepared.scale.clipped, prepared.stored_bytes)


def _check_codec_folder(codec: Codec, folder: Path) -> None:
    """Refuse to replace another codec, which may be the only copy, or what earlier files beside it need."""
    for path in taken_along(codec):
        there = folder / path.name
        if there.is_dir() or (there.is_file() and there.read_bytes() != path.read_bytes()):
            raise OutputError(
                f"{there} exists and is not that of codec {codec.spec.design!r} ({codec.spec.hash[:8]}); name another "
                f"output, or replace it with {REPLACING}"
            )
