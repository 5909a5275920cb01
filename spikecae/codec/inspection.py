"""What packets hold, counted without the spec that would decode them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from spikecae.bitstream.events import CHANNEL_ORDER, TIME_ORDER
from spikecae.bitstream.packets import Gap, Header, Packet, Sidecar
from spikecae.bitstream.payload import RAW_EVENT
from spikecae.codec.container import FileHeader
from spikecae.codec.decoder import LinkReport

__all__ = ["Inspection"]


@dataclass
class Inspection:
    """What came so far. ``header``: of the file, with which every packet is compared."""

    header: FileHeader
    link: LinkReport = field(default_factory=LinkReport)
    gaps: list[Gap] = field(default_factory=list)
    code_bytes: int = 0
    """Payloads of coded packets."""
    missing_spikes: int = 0
    """Spikes that partial blocks lack."""
    late: int = 0
    """Packets whose number lies behind one read before."""
    blocks_of: Counter[int] = field(default_factory=Counter)
    """Coded blocks, by the tag of their operating point."""
    contradictions: dict[str, str] = field(default_factory=dict)
    """What the file's header says that the first packet to show it cannot agree with, by the header's key."""

    def add(self, item: Packet | Gap) -> None:
        """Count a packet, or those that did not come."""
        if isinstance(item, Gap):
            self.link.lost += item.count
            self.gaps.append(item)
            return
        header = item.header
        for key, contradiction in _contradictions(self.header, header):
            self.contradictions.setdefault(key, contradiction)
        self.link.packets += 1
        self.late += item.late
        if header.raw:
            self.link.snippets += header.count
        else:
            self.link.blocks += header.count
            self.blocks_of[header.tag] += header.count
            self.code_bytes += header.length
            self.missing_spikes += header.missing


def _contradictions(file: FileHeader, packet: Header) -> Iterator[tuple[str, str]]:
    """What a packet's header shows of the file's, without the spec: by the key, "key = …, but packet …"."""
    where = f"but packet {packet.sequence}"
    if packet.tag not in [int(spec_hash[:4], 16) for spec_hash in file.spec_hashes]:
        told = ", ".join(f"{spec_hash[:8]}…" for spec_hash in file.spec_hashes)
        yield "spec_hash", f"spec_hash = {told}, {where} is of one that begins {packet.tag:04x}"
    if packet.raw:
        sidecar = RAW_EVENT.itemsize if packet.sidecar else 0
        size = packet.count * (sidecar + 2 * file.samples)
        if packet.length != size:
            yield (
                "samples",
                f"samples = {file.samples}, {where} has {packet.length} bytes for {packet.count} snippets, not {size}",
            )
        return
    if packet.missing >= file.spikes:
        yield "spikes", f"spikes = {file.spikes}, {where} has a block that lacks {packet.missing}"
    times = {Sidecar.NONE: 0, Sidecar.BLOCK: packet.count, Sidecar.SPIKE: packet.count * file.spikes - packet.missing}
    needed = times[packet.sidecar] * (TIME_ORDER + 1)
    needed += packet.count * (CHANNEL_ORDER + 1) if packet.sidecar else 0
    if 8 * packet.length < needed:
        yield "spikes", f"spikes = {file.spikes}, {where} has fewer bits than the times of so many take"
