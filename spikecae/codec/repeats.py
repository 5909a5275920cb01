"""Packets that come again."""

from collections import deque

from spikecae.bitstream.packets import Header, Packet

__all__ = ["Repeats"]

REMEMBERED = 64
"""Packets in which a repeat is looked for."""


class Repeats:
    """Remembers the last packets of a stream."""

    def __init__(self) -> None:
        self._recent: deque[tuple[Header, bytes]] = deque(maxlen=REMEMBERED)

    def has(self, packet: Packet) -> bool:
        """Whether a packet is one of the last that came before; it is remembered if it is none."""
        content = packet.header, packet.payload
        if packet.late and content in self._recent:
            return True
        self._recent.append(content)
        return False
