"""Control and status registers, counters, and the gate to the parameter memories."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.host.axi_lite import RegisterBus
from rtl.host.parameter_store import ParameterBus
from rtl.host.register_map import REGISTERS, window_bit
from spikecae.front_end.front_end import GAIN_BITS

__all__ = ["COUNTED", "Registers"]

IDENTITY = 0x53434145
VERSION = 1
COUNTED = tuple(entry.name for entry in REGISTERS if entry.access == "count")
_SETTINGS = ("spec_hash", "crc_expected", "scrub_blocks", "scrub_idle", "packet_blocks", "sidecar", "timeout")


class Registers(wiring.Component):
    """The register map of :mod:`rtl.host.register_map`.

    Parameters
    ----------
    addr_bits: width of a parameter word address; None if parameters are built in.
    defaults: reset values of the settings; ``threshold`` is there only if it is among them.
    most_blocks: largest ``packet_blocks``; a larger or zero value is taken as it.

    Members
    -------
    bus: In(RegisterBus(bus_bits)): read data comes one cycle after ``read`` and stays.
    parameters: Out(ParameterBus(addr_bits)): parameter memories (only if loadable).
    halted: In(1): parameter memories may be reached, the mode may change.
    state: In(4): running, checking, halted, idle.
    events: In(len(COUNTED)): one bit per counter, in the order of :data:`COUNTED`.
    failed, passed: In(1): for one cycle, a check failed, or passed.
    crc: In(32): of the check.
    flushed: In(1): clears ``flush``.
    run, flush, raw: Out(1): what they were set to. ``failed`` clears ``run``.
    spec_hash, crc_expected, scrub_blocks, scrub_idle, packet_blocks, sidecar, timeout: Out(32): what the settings were
        set to.
    threshold: Out(GAIN_BITS): likewise (only with a front end).

    Cycles
    ------
    Latency: 1 cycle from read to data, and until a write counts.
    Throughput: an access a cycle.
    """

    def __init__(self, addr_bits: int | None, defaults: dict[str, int], most_blocks: int) -> None:
        self._addr_bits = addr_bits
        self._defaults = defaults
        self._most_blocks = most_blocks
        self.bus_bits = window_bit(0) - 2 if addr_bits is None else window_bit(addr_bits) - 1
        """Width of a word address on ``bus``."""
        members: dict[str, object] = {
            "bus": In(RegisterBus(self.bus_bits)),
            "halted": In(1),
            "state": In(4),
            "events": In(len(COUNTED)),
            "failed": In(1),
            "passed": In(1),
            "crc": In(32),
            "flushed": In(1),
            "run": Out(1),
            "flush": Out(1),
            "raw": Out(1),
            **{name: Out(32) for name in _SETTINGS},
        }
        if "threshold" in defaults:
            members["threshold"] = Out(GAIN_BITS)
        if addr_bits is not None:
            members["parameters"] = Out(ParameterBus(addr_bits))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        loadable = self._addr_bits is not None
        run = Signal(init=not loadable)
        flush, raw = Signal(), Signal()
        sticky, checked, computed = Signal(3), Signal(32), Signal(32)
        settings = {name: Signal(32, init=self._defaults.get(name, 0), name=name) for name in _SETTINGS}
        if "threshold" in self._defaults:
            settings["threshold"] = Signal(GAIN_BITS, init=self._defaults["threshold"])
        counters = {name: Signal(32, name=f"count_{name}") for name in COUNTED}
        absent = [] if loadable else ["spec_hash"]
        absent += [] if "threshold" in settings else ["threshold"]
        m.d.comb += [self.run.eq(run), self.flush.eq(flush), self.raw.eq(raw)]
        m.d.comb += [getattr(self, name).eq(value) for name, value in settings.items() if name != "packet_blocks"]
        asked = settings["packet_blocks"]
        within = (asked != 0) & (asked <= self._most_blocks)
        m.d.comb += self.packet_blocks.eq(Mux(within, asked, self._most_blocks))

        values = {
            "identity": Const(IDENTITY, 32),
            "version": Const(VERSION | loadable << 16, 32),
            "control": Cat(run, flush, raw),
            "status": Cat(self.state, Const(0, 4), sticky),
            "crc_computed": computed,
            "packets_checked": checked,
            "threshold": Const(0),
            **settings,
            **counters,
        }
        in_window, read_window = Signal(), Signal()
        answer = Signal(32)
        if loadable:
            m.d.comb += in_window.eq(bus.addr[-1])
        with m.If(bus.read):
            m.d.sync += [answer.eq(0), read_window.eq(in_window)]
            with m.Switch(bus.addr):
                for entry in REGISTERS:
                    with m.Case(entry.offset // 4):
                        m.d.sync += answer.eq(values[entry.name])
        m.d.comb += bus.read_data.eq(answer)

        # What clears a counter is one condition: tools make no enable of its clock from conditions within conditions.
        clears = {name: Signal(name=f"clear_{name}") for name in counters}
        for number, (name, counter) in enumerate(counters.items()):
            with m.If(clears[name]):
                m.d.sync += counter.eq(0)
            with m.Elif(self.events[number]):
                m.d.sync += counter.eq(counter + 1)
            if name == "packets":
                with m.If(self.passed):
                    m.d.sync += checked.eq(counter)
        known = Signal()
        with m.If(bus.write & ~in_window):
            with m.Switch(bus.addr):
                for entry in REGISTERS:
                    if entry.access == "ro" or entry.name in absent:
                        continue
                    with m.Case(entry.offset // 4):
                        m.d.comb += known.eq(1)
                        self._write(m, entry.name, settings, clears, (run, flush, raw, sticky))
        with m.If(self.failed):
            m.d.sync += [run.eq(0), sticky[0].eq(1)]
        with m.If(self.failed | self.passed):
            m.d.sync += computed.eq(self.crc)
        with m.If(self.flushed):
            m.d.sync += flush.eq(0)
        with m.If(bus.write & bus.error):
            m.d.sync += sticky[1].eq(1)
        with m.If(self.events[COUNTED.index("wrong_spikes")]):
            m.d.sync += sticky[2].eq(1)
        with m.If(in_window):
            m.d.comb += bus.error.eq(~self.halted)
        with m.Else():
            m.d.comb += bus.error.eq(~known)
        if loadable:
            parameters = self.parameters
            m.d.comb += [
                parameters.grant.eq(self.halted),
                parameters.addr.eq(bus.addr),
                parameters.read.eq(bus.read & in_window),
                parameters.write.eq(bus.write & in_window & self.halted),
                parameters.write_data.eq(bus.write_data),
            ]
            with m.If(read_window):
                m.d.comb += bus.read_data.eq(Mux(self.halted, parameters.read_data, 0))
        return m

    def _write(
        self,
        m: Module,
        name: str,
        settings: dict[str, Signal],
        clears: dict[str, Signal],
        state: tuple[Signal, Signal, Signal, Signal],
    ) -> None:
        """What writing a register does."""
        run, flush, raw, sticky = state
        data = self.bus.write_data
        if name in clears:
            m.d.comb += clears[name].eq(1)
        elif name in settings:
            m.d.sync += settings[name].eq(data)
        elif name == "status":
            m.d.sync += sticky.eq(sticky & ~data[8:11])
        else:
            m.d.sync += [run.eq(data[0]), flush.eq(flush | data[1])]
            with m.If(self.halted):
                m.d.sync += raw.eq(data[2])
