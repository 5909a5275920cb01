"""What packets are made with: what a host asks for comes into force between two packets, never within one."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["PacketSettings", "settings_layout"]


def settings_layout(points: int) -> data.StructLayout:
    """Raw mode, kind of sidecar, blocks that make a packet, the spec's tag, and which of several operating points."""
    fields = {"raw": 1, "sidecar": 2, "packet_blocks": 8, "tag": 16}
    return data.StructLayout(fields | ({"point": range(points)} if points > 1 else {}))


class PacketSettings(wiring.Component):
    """Keep what packets are made with, until nothing of one is left in the chip.

    Parameters
    ----------
    points: operating points.
    at_reset: fields of ``current`` at reset; 0 where nothing is said.

    Members
    -------
    asked: In(settings_layout(points)): what the registers say.
    vacant: In(1): no spike, block or packet is under way, and none begins in this cycle if ``waiting``.
    current: Out(settings_layout(points)): what is in force.
    waiting: Out(1): they differ: no further block may begin, and what there is is to be sent.
    taken: Out(1): for one cycle, what was asked for comes into force with the next.

    Cycles
    ------
    Latency: 1 cycle, from ``vacant`` on.
    Throughput: settings every 2 cycles.
    """

    def __init__(self, points: int, at_reset: dict[str, int]) -> None:
        self._at_reset = at_reset
        layout = settings_layout(points)
        super().__init__(
            {"asked": In(layout), "vacant": In(1), "current": Out(layout), "waiting": Out(1), "taken": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        current = Signal(self.current.shape(), init=self._at_reset)
        m.d.comb += [
            self.current.eq(current),
            self.waiting.eq(self.asked.as_value() != current.as_value()),
            self.taken.eq(self.waiting & self.vacant),
        ]
        with m.If(self.taken):
            m.d.sync += current.eq(self.asked)
        return m
