"""Where channels and times wait for their blocks."""

from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered

from rtl.packets.event_coder import EVENT_BITS

__all__ = ["at_hand", "event_queue"]

FEW = 4


def at_hand(depth: int) -> bool:
    """Whether so many are read where they lie, and none waits in a register of its own."""
    return depth <= FEW


def event_queue(depth: int) -> SyncFIFO | SyncFIFOBuffered:
    """A queue of so many events."""
    return (SyncFIFO if at_hand(depth) else SyncFIFOBuffered)(width=EVENT_BITS, depth=depth)
