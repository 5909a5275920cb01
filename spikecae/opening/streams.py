"""Which of several streams or probes of a recording is meant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from spikecae.errors import InputError
from spikecae.recordings.source import RATE_TOLERANCE

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["Stream", "choose_stream", "neo_streams"]

NO_ELECTRODES = ("sync", "adc", "dac", "digital", "auxiliary", "supply", "temperature", "nidq")
"""Parts of the names that acquisition systems give to what is not recorded from electrodes."""


@dataclass(frozen=True)
class Stream:
    """Channels that were recorded together; ``open`` reads them."""

    name: str
    rate_hz: float
    open: "Callable[[], BaseRecording]"
    other_name: str = ""
    """What it may be called too."""


def choose_stream(streams: Sequence[Stream], wanted: str | None, rate_hz: float, source: str) -> Stream:
    """The one that is ``wanted``, or else the only one that electrodes can have been recorded with at ``rate_hz``.

    Raises:
        InputError: there is no such stream, or none or several ones to choose from; all are named.
    """
    if not streams:
        raise InputError(f"{source}: it holds no recording; give a file or folder that holds one")
    listed = ", ".join(f"{stream.name!r} ({stream.rate_hz:g} Hz)" for stream in streams)
    if wanted is not None:
        found = [stream for stream in streams if wanted in (stream.name, stream.other_name)]
        if not found:
            raise InputError(f"{source}: it has no stream {wanted!r}; give one of these as STREAM: {listed}")
        return found[0]
    if len(streams) == 1:
        return streams[0]
    fitting = [
        stream
        for stream in streams
        if abs(stream.rate_hz / rate_hz - 1) <= RATE_TOLERANCE
        and not any(word in stream.name.lower() for word in NO_ELECTRODES)
    ]
    if len(fitting) == 1:
        return fitting[0]
    why = f"{len(fitting)} of its streams are" if fitting else "none of its streams is"
    raise InputError(
        f"{source}: {why} recorded from electrodes at the design's {rate_hz:g} Hz; say which one as STREAM: {listed}"
    )


def neo_streams(extractor: Any, **where: Any) -> list[Stream]:
    """Streams of a format that Neo reads; ``extractor`` is SpikeInterface's class for it."""
    reader = extractor.get_neo_io_reader(extractor.NeoRawIOClass, **extractor.map_to_neo_kwargs(**where))
    channels = reader.header["signal_channels"]
    streams = []
    for stream in reader.header["signal_streams"]:
        rates = channels["sampling_rate"][channels["stream_id"] == stream["id"]]
        if len(rates):
            identity = str(stream["id"])
            streams.append(
                Stream(
                    name=str(stream["name"]),
                    rate_hz=float(rates[0]),
                    open=partial(extractor, **where, stream_id=identity),
                    other_name=identity,
                )
            )
    return sorted(streams, key=lambda stream: stream.name)
