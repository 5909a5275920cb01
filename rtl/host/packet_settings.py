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
    doubted: In(1): for one cycle, parameters turn out to be spoiled, or change: no check vouches for what there is.
    current: Out(settings_layout(points)): what is in force.
    waiting: Out(1): they differ, or what there is is ``suspect``: no further block may begin, and it is to be sent.
    suspect: Out(1): something is left of what there was when it was ``doubted``.
    cleared: Out(1): for one cycle, nothing of that is left.
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
            {
                "asked": In(layout),
                "vacant": In(1),
                "doubted": In(1),
                "current": Out(layout),
                **{name: Out(1) for name in ("waiting", "suspect", "cleared", "taken")},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        current = Signal(self.current.shape(), init=self._at_reset)
        differs = Signal()
        m.d.comb += [
            self.current.eq(current),
            differs.eq(self.asked.as_value() != current.as_value()),
            self.waiting.eq(differs | self.suspect),
            self.cleared.eq(self.suspect & self.vacant),
            self.taken.eq(differs & self.vacant),
        ]
        with m.If(self.doubted):
            m.d.sync += self.suspect.eq(1)
        with m.Elif(self.vacant):
            m.d.sync += self.suspect.eq(0)
        with m.If(self.taken):
            m.d.sync += current.eq(self.asked)
        return m
