"""The encoder on the host: ADC codes to packets, bit for bit the hardware's.

A stream: feed any number of blocks, again and again; memory stays bounded.
"""

import os
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events, sidecar_of
from spikecae.bitstream.packets import HEADER_BYTES, MAX_COUNT, SEQUENCES, Header, Sidecar
from spikecae.bitstream.payload import write_blocks
from spikecae.codec.blocks import checked_codes, checked_events, whole_number
from spikecae.codec.spec_folder import load_codec_spec
from spikecae.codec.times import TimeSender
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.front_end.adc import check_converter
from spikecae.golden import Golden
from spikecae.spec import EncoderSpec
from spikecae.spec.operating_points import check_operating_points

__all__ = ["BLOCKS_PER_PACKET", "ENCODED_AT_A_TIME", "Encoder"]

BLOCKS_PER_PACKET = 16
"""Framing then costs about 1 bit per index (16 features); more saves little and loses more with a packet."""
ENCODED_AT_A_TIME = 2048
"""Blocks. What the encoder holds of them is some 10 MB."""


class Encoder:
    """Packets of an encoder, the same bytes however the blocks are handed over.

    Args:
        spec: the encoder.
        blocks_per_packet: 1..255.
        signed: whether the converter's codes are; else its zero is at mid-scale.
        epoch: where times may outgrow the 32 bits of a packet, a time up to 2**32 before the first; the decoder needs
            the same one. Each time then lies within 2**31 samples of the one before it.

    Raises:
        InputError: a number is no integer or outside its range, or the encoder's input cannot hold the converter's
            codes.
    """

    def __init__(
        self,
        spec: EncoderSpec,
        blocks_per_packet: int = BLOCKS_PER_PACKET,
        *,
        signed: bool = True,
        epoch: int | None = None,
    ) -> None:
        blocks_per_packet = whole_number(blocks_per_packet, "blocks_per_packet")
        if not 1 <= blocks_per_packet <= MAX_COUNT:
            raise InputError(f"blocks_per_packet = {blocks_per_packet} must lie in 1..{MAX_COUNT}")
        self.spec = spec
        self._adc = Adc(bits=spec.adc_bits, lsb=1.0, signed=signed)
        check_converter(self._adc)
        self._golden = Golden(spec)
        self._per_packet = blocks_per_packet
        self._sequence = 0
        self._blocks = 0
        self._times = TimeSender(None if epoch is None else whole_number(epoch, "epoch"))
        self._waiting = _Waiting(np.empty((0, len(spec.symbols)), np.int32), None, Sidecar.NONE)

    @classmethod
    def from_spec(
        cls,
        folder: str | os.PathLike[str],
        blocks_per_packet: int = BLOCKS_PER_PACKET,
        *,
        signed: bool = True,
        epoch: int | None = None,
    ) -> Self:
        """An encoder of the spec in ``folder``.

        Raises:
            FileNotFoundError: there is none.
            SpecError: it is damaged.
            InputError: ``folder`` is a file, or a number is no integer or outside its range.
        """
        return cls(load_codec_spec(folder), blocks_per_packet, signed=signed, epoch=epoch)

    def encode(self, adc: NDArray[np.integer], events: Events | None = None, missing: int = 0) -> bytes:
        """Whole packets of these blocks and those before them; blocks that do not fill a packet wait for more.

        Args:
            adc: (n, M, D) ADC codes: integers in the converter's range.
            events: one channel per block, one time per block or per present spike; the same kind until a flush.
            missing: spikes that the last block lacks of its M. Such a block ends its packet, so nothing waits.

        Raises:
            InputError: types, shapes or numbers do not fit the converter, the spec or the packet format. Blocks are
                counted from the first that this encoder took. None of these blocks has been taken.
        """
        spikes = self.spec.spikes
        adc = checked_codes(adc, self.spec, self._adc, self._blocks)
        missing = whole_number(missing, "missing")
        if not 0 <= missing < spikes or (missing and not len(adc)):
            raise InputError(
                f"missing = {missing} must lie in 0..{spikes - 1}, and be 0 without blocks: a block has {spikes} spikes"
            )
        if events is not None:
            events = checked_events(events, len(adc), len(adc) * spikes - missing, self._blocks)
        sidecar = self._waiting.kind(events, len(adc), len(adc) * spikes - missing)
        per_block = spikes if sidecar is Sidecar.SPIKE else 1
        if events is not None:
            self._times.check(events.times, per_block, self._blocks)
            events = Events(events.channels, events.times.astype(np.int64))
        self._blocks += len(adc)
        sent = []
        for first in range(0, len(adc), ENCODED_AT_A_TIME):
            last = min(first + ENCODED_AT_A_TIME, len(adc))
            lacking = missing if last == len(adc) else 0
            present = np.ones((last - first, spikes), np.bool_)
            present[-1, spikes - lacking :] = False
            part = None
            if events is not None:
                part = Events(events.channels[first:last], events.times[first * per_block : last * per_block])
            indices = self._golden.indices(adc[first:last], present if lacking else None)
            self._waiting = self._waiting.then(indices, part, sidecar)
            sent += self._send(lacking, flush=lacking > 0)
        return b"".join(sent)

    def flush(self) -> bytes:
        """A last packet of the blocks that wait, if any do."""
        sent = b"".join(self._send(0, flush=True))
        self._waiting = _Waiting(self._waiting.indices, None, Sidecar.NONE)
        return sent

    def switch(self, spec: EncoderSpec) -> bytes:
        """Encode what follows at another operating point of the chip; a last packet of the blocks that wait, if any do.

        Packets are counted on, so that a :class:`spikecae.codec.Decoder` that knows both takes them for one stream.

        Raises:
            SpecError: no chip can have both. Nothing has changed.
        """
        check_operating_points([self.spec, spec])
        sent = self.flush()
        self.spec, self._golden = spec, Golden(spec)
        return sent

    def _send(self, missing: int, *, flush: bool) -> list[bytes]:
        waiting = self._waiting
        packets = write_blocks(
            self.spec,
            waiting.indices,
            blocks_per_packet=self._per_packet,
            events=waiting.events,
            missing=missing,
            sequence=self._sequence,
            sidecar=waiting.sidecar,
        )
        held = 0
        if packets and not flush:
            last = Header.from_bytes(packets[-1][:HEADER_BYTES])
            if last is not None and last.count < self._per_packet:
                held = last.count
                packets.pop()
        self._waiting = waiting.last(held, self.spec.spikes)
        self._sequence = (self._sequence + len(packets)) % SEQUENCES
        return packets


@dataclass(frozen=True, eq=False)
class _Waiting:
    """Blocks on their way into a packet."""

    indices: NDArray[np.int32]
    events: Events | None
    sidecar: Sidecar

    def kind(self, events: Events | None, blocks: int, spikes: int) -> Sidecar:
        """What the events of blocks that follow are of; where their number leaves it open, of what those before are."""
        if not blocks:
            return self.sidecar
        sidecar = sidecar_of(events, blocks, spikes)
        if sidecar is Sidecar.BLOCK and blocks == spikes and self.sidecar is Sidecar.SPIKE:
            return Sidecar.SPIKE
        if len(self.indices) and sidecar is not self.sidecar:
            raise InputError(
                f"blocks with a sidecar of kind {sidecar.name} follow blocks of kind {self.sidecar.name}; flush between"
            )
        return sidecar

    def then(self, indices: NDArray[np.int32], events: Events | None, sidecar: Sidecar) -> "_Waiting":
        """These blocks and some more."""
        if not len(self.indices):
            return _Waiting(indices, events, sidecar)
        if self.events is not None and events is not None:
            channels = np.concatenate([self.events.channels, events.channels])
            events = Events(channels, np.concatenate([self.events.times, events.times]))
        return _Waiting(np.concatenate([self.indices, indices]), events, sidecar)

    def last(self, count: int, spikes: int) -> "_Waiting":
        """The last ``count`` of them."""
        first = len(self.indices) - count
        events = self.events
        if events is not None:
            events = Events(
                events.channels[first:], events.times[first * (spikes if self.sidecar is Sidecar.SPIKE else 1) :]
            )
        return _Waiting(self.indices[first:], events, self.sidecar)
