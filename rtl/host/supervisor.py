"""When the encoder may run: only with parameters whose CRC-32 is the one that was announced."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.units.count_up import count_up

__all__ = ["Supervisor"]


class Supervisor(wiring.Component):
    """Halt, check, run, check again every so often; stop cleanly.

    A check is due after ``scrub_blocks`` blocks, or after ``scrub_idle`` cycles, which the domain ``always_on`` counts;
    it begins as soon as no block is under way. What a flipped bit can spoil is therefore at most what left within
    ``scrub_blocks`` blocks, or ``scrub_idle`` cycles, and the blocks then under way.

    Parameters
    ----------
    loadable: whether there is anything to check; built-in parameters run at once.

    Members
    -------
    run: In(1): wanted state.
    busy: In(1): a block is under way.
    stored: In(1): a spike, a block or a packet waits somewhere.
    start: In(1): for one cycle, a block begins.
    scrub_blocks: In(16): blocks until a check is due; 0 never, as is a check of built-in parameters.
    scrub_idle: In(32): cycles until a check is due; 0 never.
    check: Out(1): the CRC is to begin.
    done: In(1): it is ready.
    matches: In(1): it is the announced one.
    hold: Out(1): no block may begin.
    stopping: Out(1): no spike may begin, and what is stored is to be sent.
    restart: Out(1): the pipeline is to start over.
    grant: Out(1): the parameter memories are the loader's, or the check's.
    running, checking, halted: Out(1): state.
    resting: Out(1): running or halted, and no check is due.
    failed: Out(1): for one cycle, a check failed: the encoder halts.
    passed: Out(1): for one cycle, a check passed.

    Cycles
    ------
    Latency: 1 cycle from a cause to the state it leads to.
    Throughput: a block may begin in every cycle of ``running``.
    """

    def __init__(self, *, loadable: bool) -> None:
        self._loadable = loadable
        inputs = {name: In(1) for name in ("run", "busy", "stored", "start", "done", "matches")}
        names = ("check", "hold", "stopping", "restart", "grant", "running", "checking", "halted", "failed", "passed")
        outputs = {name: Out(1) for name in (*names, "resting")}
        super().__init__({**inputs, "scrub_blocks": In(16), "scrub_idle": In(32), **outputs})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        blocks, idle, due = Signal(16), Signal(32), Signal()
        if self._loadable:
            m.d.comb += due.eq(
                ((self.scrub_blocks != 0) & (blocks >= self.scrub_blocks))
                | ((self.scrub_idle != 0) & (idle >= self.scrub_idle))
            )
        m.d.comb += self.checking.eq(self.grant & ~self.halted)
        with m.FSM(init="halted" if self._loadable else "running"):
            with m.State("halted"):
                m.d.comb += [self.halted.eq(1), self.hold.eq(1), self.restart.eq(1), self.grant.eq(1)]
                m.d.comb += [self.stopping.eq(1), self.resting.eq(1)]
                with m.If(self.run):
                    if self._loadable:
                        m.d.comb += self.check.eq(1)
                        m.next = "checking"
                    else:
                        m.next = "running"
            with m.State("checking"):
                m.d.comb += [self.hold.eq(1), self.restart.eq(1), self.grant.eq(1)]
                m.d.sync += blocks.eq(0)
                m.d.always_on += idle.eq(0)
                with m.If(self.done):
                    m.d.comb += [self.passed.eq(self.matches), self.failed.eq(~self.matches)]
                    with m.If(self.matches):
                        m.next = "running"
                    with m.Else():
                        m.next = "halted"
            with m.State("running"):
                m.d.comb += [self.running.eq(1), self.resting.eq(~due if self._loadable else 1)]
                if self._loadable:
                    with m.If(self.start):
                        m.d.sync += blocks.eq(blocks + 1)
                    with m.If(idle != (1 << 32) - 1):
                        count_up(m, idle, "always_on")
                with m.If(~self.run):
                    m.next = "stopping"
                if self._loadable:
                    with m.Elif(due):
                        m.next = "draining"
            with m.State("stopping"):
                m.d.comb += self.stopping.eq(1)
                with m.If(~self.busy & ~self.stored):
                    m.next = "halted"
            with m.State("draining"):
                m.d.comb += [self.running.eq(1), self.hold.eq(1)]
                with m.If(~self.busy & ~self.start):
                    m.d.comb += self.check.eq(1)
                    m.next = "checking"
        return m
