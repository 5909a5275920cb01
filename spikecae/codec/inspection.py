"""What packets hold, counted without the spec that would decode them."""

from dataclasses import dataclass, field

from spikecae.bitstream.packets import Gap, Packet
from spikecae.codec.decoder import LinkReport

__all__ = ["Inspection"]


@dataclass
class Inspection:
    """What came so far."""

    link: LinkReport = field(default_factory=LinkReport)
    gaps: list[Gap] = field(default_factory=list)
    code_bytes: int = 0
    """Payloads of coded packets."""
    missing_spikes: int = 0
    """Spikes that partial blocks lack."""
    late: int = 0
    """Packets whose number lies behind one read before."""

    def add(self, item: Packet | Gap) -> None:
        """Count a packet, or those that did not come."""
        if isinstance(item, Gap):
            self.link.lost += item.count
            self.gaps.append(item)
            return
        header = item.header
        self.link.packets += 1
        self.late += item.late
        if header.raw:
            self.link.snippets += header.count
        else:
            self.link.blocks += header.count
            self.code_bytes += header.length
            self.missing_spikes += header.missing
