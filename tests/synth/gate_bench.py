"""A mapped netlist between streams that pause at random, for each start in another way: its bytes against golden's."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl.manifest import Manifest
from spikecae.bitstream.packets import HEADER_BYTES, TRAILER_BYTES
from spikecae.bitstream.payload import write_blocks
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from synth.files import NETLIST
from synth.gates.exercise import Exercise, NetlistStuckError
from synth.gates.netlist import Netlist
from tests.synth.lanes import Lanes, UnknownError

__all__ = ["GateBench", "modules_in"]

PAUSES = 0.1, 0.5
"""Share of the cycles in which no sample is offered, or no byte taken: each start has its own between these."""
PATIENCE = 10
"""Times the cycles that golden's blocks take."""
LAST = 1 << 8
"""Of a byte with ``tlast``."""


def modules_in(folder: Path) -> dict[str, Any]:
    """The netlist that the synth stage left, a module for each unit."""
    with gzip.open(folder / NETLIST, "rt", encoding="utf-8") as file:
        modules: dict[str, Any] = json.load(file)["modules"]
    return modules


class GateBench:
    """A netlist that runs from unknown and from random registers, all at once.

    Args:
        netlist: the netlist.
        manifest: the encoder's.
        load: register writes that start it.
        starts: random ones.
    """

    def __init__(self, netlist: Netlist, manifest: Manifest, load: list[tuple[int, int]], starts: int) -> None:
        self.lanes = Lanes(netlist, starts, seed=1)
        self.asleep = 0.0
        """Cycles without a clock, of a start on average."""
        self._load, self._cycles_per_block = load, manifest.cycles_per_block

    def faults(self, spec: EncoderSpec, adc: NDArray[np.int16], gap: int = 0) -> list[str]:
        """Load it, send blocks (n, M, D), and compare what leaves, a packet for each.

        Up to ``gap`` cycles go by in front of every spike.

        Returns:
            What each start that goes wrong does first, in the order of time.
        """
        try:
            Exercise(self.lanes, self._cycles_per_block).start(self._load)
        except (NetlistStuckError, UnknownError) as error:
            return [str(error)] * self.lanes.lanes
        packets = write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=1)
        return self._stream(packets, adc, gap)

    def _stream(self, packets: list[bytes], adc: NDArray[np.int16], gap: int) -> list[str]:
        lanes, draw, found = self.lanes, np.random.default_rng(1), {}
        wanted = np.array([byte | LAST * (at == len(own) - 1) for own in packets for at, byte in enumerate(own)] + [-1])
        idle, holding = draw.uniform(*PAUSES, (2, lanes.lanes))
        codes, last = adc.view(np.uint16).ravel(), adc.shape[-1] - 1
        at, got, wait, held = np.zeros((4, lanes.lanes), dtype=np.int64)
        held -= 1
        offered, behind = np.zeros(lanes.lanes, dtype=bool), 2 * self._cycles_per_block

        def fail(starts: NDArray[np.bool_], what: str) -> None:
            for start in np.flatnonzero(starts).tolist():
                begin = f"random registers {start}" if start else "unknown registers"
                where = _place(packets, int(got[start]))
                found.setdefault(start, f"from {begin}, sample {at[start]} of {codes.size}, {where}: {what}")

        for _ in range(PATIENCE * (len(adc) + 4) * self._cycles_per_block + gap * len(adc) * adc.shape[1]):
            wait = (wait - 1).clip(0)
            offered = (at < codes.size) & (wait == 0) & (offered | (draw.random(lanes.lanes) > idle))
            ready = draw.random(lanes.lanes) > holding
            here = at.clip(0, codes.size - 1)
            ends = here % adc.shape[-1] == last
            pins = {"s_axis_tvalid": offered, "s_axis_tdata": codes[here], "s_axis_tlast": ends, "m_axis_tready": ready}
            lanes.cycle(pins)
            taking, valid, request = (
                lanes.values(name) for name in ("s_axis_tready", "m_axis_tvalid", "clock_request")
            )
            fail(taking.unknown, "s_axis_tready is unknown")
            fail(valid.unknown, "m_axis_tvalid is unknown")
            self.asleep += float((request.number == 0).mean())
            data, end = lanes.values("m_axis_tdata"), lanes.values("m_axis_tlast")
            byte = data.number + LAST * end.number
            sent = valid.number.astype(bool)
            fail((held >= 0) & ~(sent & (byte == held)), "a byte was taken back")
            held = np.where(sent & ~ready, byte, -1)
            sent &= ready
            fail(sent & (data.unknown | end.unknown), "the byte is unknown")
            for start in np.flatnonzero(sent & (byte != wanted[got])).tolist():
                fail(
                    np.arange(lanes.lanes) == start, f"{byte[start]:#05x} with tlast, must be {wanted[got[start]]:#05x}"
                )
            got = np.minimum(got + sent, wanted.size - 1)
            taken = offered & taking.number.astype(bool)
            wait = np.where(taken & ends, draw.integers(0, gap + 1, lanes.lanes), wait)
            at, offered = at + taken, offered & ~taken
            done = (got == wanted.size - 1) & (at == codes.size)
            done[list(found)] = True
            behind -= bool(done.all())
            if not behind or len(found) == lanes.lanes:
                break
        fail((got < wanted.size - 1) | (at < codes.size), "nothing moves")
        return list(found.values())


def _place(packets: list[bytes], at: int) -> str:
    """Packet and part of it that a byte belongs to."""
    for number, packet in enumerate(packets):
        if at < len(packet):
            part = "header" if at < HEADER_BYTES else "CRC" if at >= len(packet) - TRAILER_BYTES else "payload"
            return f"packet {number} of {len(packets)}, byte {at} ({part})"
        at -= len(packet)
    return f"behind {len(packets)} packets"
