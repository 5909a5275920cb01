"""A ``.scae`` file to spikes, and these to a recording."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spikeinterface.core import BaseRecording

from spikecae.bitstream.packets import Gap
from spikecae.codec import CodedPacket, Decoder
from spikecae.codec.account import Account
from spikecae.codec.container import ContainerReader, FileHeader, contradictions
from spikecae.codec.spec_folder import load_codec_points, network_in
from spikecae.errors import InputError, about
from spikecae.front_end.recorded import Recorded
from spikecae.recordings.chosen import CODEC_FOLDER, DESIGNS
from spikecae.recordings.compress import SPIKES_FILE
from spikecae.recordings.decoded_segment import DecodedSegment
from spikecae.recordings.spikes import DecodedSpikes
from spikecae.spec import EncoderSpec

__all__ = ["DecodedRecording", "read_scae"]


class DecodedRecording(BaseRecording):  # type: ignore[misc]  # SpikeInterface has no types
    """Snippets where they were, their mean where they overlap, and zeros between: float32, in the file's unit.

    Args:
        file_path: the ``.scae`` file.
        codec: folder of spec and decoder network.
        noise: white noise, as large as that of the recording, in place of the zeros.
        spikes: what was read from the file; other processes read it again.
    """

    def __init__(
        self, file_path: str | Path, codec: str | Path, noise: bool = False, spikes: DecodedSpikes | None = None
    ) -> None:
        if spikes is None:
            spikes = read_scae(file_path, codec)
        recorded = spikes.recorded
        super().__init__(recorded.sampling_rate_hz, spikes.channel_ids, np.dtype(np.float32))
        for segment in range(len(recorded.segment_samples)):
            self.add_recording_segment(DecodedSegment(spikes, recorded, segment, noise=noise))
        if spikes.probe is not None:
            self.set_probe(spikes.probe)
        if recorded.groups is not None:
            self.set_property("group", np.array(recorded.groups))
        self.set_channel_gains(1.0)
        self.set_channel_offsets(0.0)
        for unit in ("raw", "scaled"):
            self.set_property(f"noise_level_mad_{unit}", np.array(recorded.noise))
        self.annotate(is_filtered=True)
        path, folder = Path(file_path).absolute(), Path(codec).absolute()
        self._kwargs = {"file_path": str(path), "codec": str(folder), "noise": noise}


def read_scae(path: str | os.PathLike[str], codec: str | os.PathLike[str] | None = None) -> DecodedSpikes:
    """Read a file, or the folder that holds it, that :func:`spikecae.recordings.compress.compress` made.

    All events are read, two bytes or four for each index of a block; waveforms are decoded when they are asked for.

    Args:
        path: the file or folder.
        codec: a shipped design, or the folder with the spec and decoder network that the file was made with. Without,
            the one in the folder, beside the file, or of a shipped design is taken, if it is the same.

    Raises:
        FileNotFoundError: there is no such file.
        ContainerError: it is no ``.scae`` file.
        InputError: it is damaged, says nothing of its recording, or its codec is not at hand.
    """
    file = Path(path) / SPIKES_FILE if Path(path).is_dir() else Path(path)
    with open(file, "rb") as opened:
        with about(file):
            container = ContainerReader(opened)
        header = container.header
        if header.recording is None:
            raise InputError(
                f"{file}: its header (version {header.schema_version}) says nothing of the recording, so that there "
                f"are no rate, channels and contacts; decode it to arrays with: spikecae decode"
            )
        folder, points = _points(file, header, codec)
        (spec, network), *further = points
        decoder = Decoder(spec, network, header.epoch, further)
        packets: list[CodedPacket] = []
        gaps: list[Gap] = []
        for piece in container.pieces():
            _sort(decoder.feed(piece), packets, gaps)
        _sort(decoder.close(), packets, gaps)
    faults = Account(container, decoder.report, tuple(gaps), contradictions(header, spec)).faults
    if faults:
        raise InputError(
            f"{file} is damaged: {'; '.join(faults)}; get the file anew, or decode what is left of it to arrays with: "
            f"spikecae decode --keep-going"
        )
    return _gathered(file, folder, header, header.recording, decoder, packets)


def _sort(items: Iterable[object], packets: list[CodedPacket], gaps: list[Gap]) -> None:
    for item in items:
        if isinstance(item, CodedPacket):
            packets.append(item)
        elif isinstance(item, Gap):
            gaps.append(item)


def _points(
    file: Path, header: FileHeader, codec: str | os.PathLike[str] | None
) -> tuple[Path, list[tuple[EncoderSpec, Path]]]:
    """The folder of the file's codec, and its operating points in the order of the header."""
    if codec is None:
        folders = [file.parent / CODEC_FOLDER, file.parent, DESIGNS / header.design]
    else:
        folders = [Path(codec) if Path(codec).is_dir() else DESIGNS / codec]
    for folder in folders:
        if not (folder / "spec.json").is_file():
            continue
        at_hand = {spec.hash: (spec, network_in(place)) for spec, place in load_codec_points(folder)}
        if all(wanted in at_hand for wanted in header.spec_hashes):
            return folder, [at_hand[wanted] for wanted in header.spec_hashes]
    looked = ", ".join(map(str, folders))
    raise InputError(
        f"{file}: made with spec {header.spec_hash[:8]} of {header.design!r}, which is not in {looked}; name the "
        f"folder that has it (codec=)"
    )


def _gathered(
    file: Path,
    folder: Path,
    header: FileHeader,
    recorded: Recorded,
    decoder: Decoder,
    packets: list[CodedPacket],
) -> DecodedSpikes:
    """Arrays of all blocks, and of all events in them."""
    counts = [packet.header.count for packet in packets]
    indices = np.concatenate(
        [np.empty((0, len(decoder.spec.symbols)), np.int16), *(_small(packet.blocks.indices) for packet in packets)]
    )
    tags = np.repeat(np.array([packet.header.tag for packet in packets], np.uint16), counts)
    present = np.concatenate([np.empty((0, header.spikes), np.bool_), *(packet.blocks.present for packet in packets)])
    nothing = np.empty(0, np.int64)
    for packet in packets:
        if packet.blocks.events is None:
            raise InputError(f"{file}: packet {packet.header.sequence} has no events; decode it with: spikecae decode")
    channels = np.concatenate([nothing, *(p.blocks.events.channels for p in packets if p.blocks.events is not None)])
    times = np.concatenate([nothing, *(p.blocks.events.times for p in packets if p.blocks.events is not None)])
    if recorded.neighbours is None:
        block, place = np.nonzero(present)
    else:
        block, place = np.arange(len(present)), np.zeros(len(present), np.int64)
    wrong = channels.size and int(channels.max()) >= len(recorded.channel_ids)
    if len(times) != len(block) or wrong:
        raise InputError(f"{file}: its header and its packets are of different recordings; get the file anew")
    events = block, place, channels[block], times

    def to_recording(spikes: DecodedSpikes, noise: bool) -> DecodedRecording:
        return DecodedRecording(file, folder, noise, spikes)

    return DecodedSpikes(header, recorded, decoder, (indices, tags), events, to_recording)


def _small(indices: NDArray[np.integer]) -> NDArray[np.integer]:
    """In two bytes where they fit."""
    return indices.astype(np.int16) if indices.max(initial=0) <= np.iinfo(np.int16).max else indices
