"""Control and status registers, counters, and the gate to the parameter memories."""

from collections.abc import Collection

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.host.axi_lite import RegisterBus
from rtl.host.counters import Counted, count_all
from rtl.host.parameter_store import ParameterBus
from rtl.host.rate_limiter import BURST_BITS, MOST_RATE
from rtl.host.register_map import OF_CHECKS, POINT_HASHES, REGISTERS, window_bit
from spikecae.front_end.front_end import GAIN_BITS

__all__ = ["COUNTED", "Registers"]

IDENTITY = 0x53434145
VERSION = 1
COUNTED = tuple(entry.name for entry in REGISTERS if entry.access == "count")
SPIKES = ("spikes", "wrong_spikes")
"""Counters that may count several at once."""
_SETTINGS = tuple(entry.name for entry in REGISTERS if entry.access == "rw" and not entry.fields)
MOST_SIDECAR = 2


class Registers(wiring.Component):
    """The register map of :mod:`rtl.host.register_map`.

    Parameters
    ----------
    addr_bits: width of a parameter word address; None if parameters are built in.
    defaults: reset values of the settings; ``threshold`` is there only if it is among them.
    most_blocks: largest ``packet_blocks``.
    points: operating points.
    most_spikes: that are counted at once.
    never: counters of what cannot happen, which stay 0.

    Members
    -------
    bus: In(RegisterBus(bus_bits)): read data comes one cycle after ``read`` and stays. What cannot be written is
        refused, a part of a word too; reading between parameter memories gives 0 and an error.
    parameters: Out(ParameterBus(addr_bits)): parameter memories (only if loadable).
    halted: In(1): parameter memories may be reached, the mode may change.
    state: In(6): running, checking, halted, idle, waiting, suspect.
    events: In(len(COUNTED)): one bit per counter, in the order of :data:`COUNTED`.
    several: In(range(most_spikes + 1)): spikes that those of ``spikes`` and ``wrong_spikes`` stand for.
    failed, passed: In(1): for one cycle, a check failed, or passed; what is ``suspect`` it does not vouch for (only if
        loadable, as all of checks).
    cleared: In(1): for one cycle, nothing is left of what was suspect (only if loadable).
    crc: In(32): of the check (only if loadable).
    flushed: In(1): clears ``flush``.
    run, flush, raw: Out(1): what they were set to. ``failed`` clears ``run``.
    spec_hash, timeout: Out(32): what the settings were set to.
    crc_expected, scrub_blocks, scrub_idle: Out(32): likewise (only if loadable).
    packet_blocks: Out(most_blocks.bit_length()): likewise, always a legal value.
    sidecar: Out(2): likewise.
    rate_limit: Out(MOST_RATE.bit_length()): likewise.
    rate_burst: Out(BURST_BITS): likewise.
    point: Out(range(points)): likewise (only with several points).
    spec_hash_1, spec_hash_2, spec_hash_3: Out(32): as ``spec_hash`` (only with so many points).
    threshold: Out(GAIN_BITS): likewise (only with a front end).

    Cycles
    ------
    Latency: 1 cycle from read to data, and until a write counts.
    Throughput: an access every 2 cycles.
    """

    def __init__(
        self,
        addr_bits: int | None,
        defaults: dict[str, int],
        most_blocks: int,
        points: int = 1,
        most_spikes: int = 1,
        never: Collection[str] = (),
    ) -> None:
        self._addr_bits = addr_bits
        self._defaults, self._never = defaults, never
        self._legal = {
            "packet_blocks": (1, most_blocks),
            "sidecar": (0, MOST_SIDECAR),
            "point": (0, points - 1),
            "rate_limit": (0, MOST_RATE),
            "rate_burst": (1, (1 << BURST_BITS) - 1),
        }
        self._absent = [*POINT_HASHES[points - 1 :], *([] if points > 1 else ["point"])]
        if addr_bits is None:
            self._absent += OF_CHECKS
        if "threshold" in defaults:
            self._legal["threshold"] = (1, (1 << GAIN_BITS) - 1)
        else:
            self._absent.append("threshold")
        self._kept = [name for name in _SETTINGS if name not in self._absent]
        self.bus_bits = window_bit(0) - 2 if addr_bits is None else window_bit(addr_bits) - 1
        """Width of a word address on ``bus``."""
        of_checks = {"failed": In(1), "passed": In(1), "cleared": In(1), "crc": In(32)}
        members: dict[str, object] = {
            "bus": In(RegisterBus(self.bus_bits)),
            "halted": In(1),
            "state": In(6),
            "events": In(len(COUNTED)),
            "several": In(range(most_spikes + 1)),
            **(of_checks if addr_bits is not None else {}),
            "flushed": In(1),
            "run": Out(1),
            "flush": Out(1),
            "raw": Out(1),
            **{name: Out(self._width(name)) for name in self._kept},
        }
        if addr_bits is not None:
            members["parameters"] = Out(ParameterBus(addr_bits))
        super().__init__(members)

    def _width(self, name: str) -> int:
        """Bits of a setting: what its legal values need."""
        return self._legal[name][1].bit_length() if name in self._legal else 32

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        loadable = self._addr_bits is not None
        run = Signal(init=not loadable)
        flush, raw = Signal(), Signal()
        sticky, checked, doubted, computed = Signal(3), Signal(32), Signal(32), Signal(32)
        settings = {name: Signal(self._width(name), init=self._defaults.get(name, 0), name=name) for name in self._kept}
        own = [name for name in (*SPIKES, *COUNTED) if name not in (*self._absent, *self._never)]
        counters = {name: Signal(32, name=f"count_{name}") for name in own}
        fixed = [] if loadable else ["spec_hash", *POINT_HASHES]
        m.d.comb += [self.run.eq(run), self.flush.eq(flush), self.raw.eq(raw)]
        m.d.comb += [getattr(self, name).eq(value) for name, value in settings.items()]

        values = {
            "identity": Const(IDENTITY, 32),
            "version": Const(VERSION | loadable << 16, 32),
            "control": Cat(run, flush, raw),
            "status": Cat(self.state, Const(0, 2), sticky),
            "crc_computed": computed,
            "packets_checked": checked,
            "packets_suspect": doubted,
            **{name: Const(0) for name in (*self._absent, *self._never)},
            **settings,
        }
        in_window, read_window, hole = Signal(), Signal(), Signal()
        answer, absent = Signal(32), Signal()
        count, asked = Signal(32), {name: Signal(name=f"asked_{name}") for name in counters}
        if self._addr_bits is not None:
            beyond = bus.addr[self._addr_bits : -1].any()
            m.d.comb += [in_window.eq(bus.addr[-1]), absent.eq(beyond | self.parameters.absent)]
        with m.If(bus.read):
            m.d.sync += [answer.eq(0), read_window.eq(in_window)]
            with m.Switch(bus.addr):
                for entry in REGISTERS:
                    with m.Case(entry.offset // 4):
                        if entry.name in counters:
                            m.d.comb += asked[entry.name].eq(1)
                            m.d.sync += answer.eq(count)
                        else:
                            m.d.sync += answer.eq(values[entry.name])
        m.d.comb += bus.read_data.eq(answer)

        # What clears a counter is one condition: tools make no enable of its clock from conditions within conditions.
        clears = {name: Signal(name=f"clear_{name}") for name in counters}
        one, several = Const(1), self.several
        counted = {
            name: Counted(
                counter,
                counts=self.events[COUNTED.index(name)],
                step=several if name in SPIKES else one,
                clear=clears[name],
                asked=asked[name],
            )
            for name, counter in counters.items()
        }
        if loadable:
            packets = counted.pop("packets")  # whole at any time, as checks take it over
            with m.If(packets.clear):
                m.d.sync += packets.counter.eq(0)
            with m.Elif(packets.counts):
                m.d.sync += packets.counter.eq(packets.counter + 1)
            others = count_all(m, counted)
            m.d.comb += count.eq(Mux(packets.asked, packets.counter, others))
        else:
            m.d.comb += count.eq(count_all(m, counted))
        if loadable:
            for number, taken in ((checked, self.passed & ~self.state[-1]), (doubted, self.cleared)):
                with m.If(clears["packets"]):
                    m.d.sync += number.eq(0)
                with m.Elif(taken):
                    m.d.sync += number.eq(counters["packets"])
        known = Signal()
        with m.If(bus.write & ~bus.part & ~in_window):
            with m.Switch(bus.addr):
                for entry in REGISTERS:
                    if entry.access == "ro" or entry.name in fixed or entry.name in self._absent:
                        continue
                    with m.Case(entry.offset // 4), m.If(self._is_legal(entry.name)):
                        m.d.comb += known.eq(1)
                        self._write(m, entry.name, settings, clears, (run, flush, raw, sticky))
        if loadable:
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
            m.d.comb += bus.error.eq(bus.part | ~self.halted | absent)
        with m.Else():
            m.d.comb += bus.error.eq(~known)
        if loadable:
            parameters = self.parameters
            m.d.comb += [
                parameters.grant.eq(self.halted),
                parameters.addr.eq(bus.addr),
                parameters.read.eq(bus.read & in_window),
                parameters.write.eq(bus.write & in_window & ~bus.error),
                parameters.write_data.eq(bus.write_data),
            ]
            with m.If(bus.read):
                m.d.sync += hole.eq(in_window & self.halted & absent)
            m.d.comb += bus.read_error.eq(hole)
            with m.If(read_window):
                m.d.comb += bus.read_data.eq(Mux(self.halted & ~hole, parameters.read_data, 0))
        return m

    def _is_legal(self, name: str) -> Value:
        """Whether what is written is a value that the register may have."""
        if name not in self._legal:
            return Const(1)
        low, high = self._legal[name]
        below = self.bus.write_data <= high
        return (self.bus.write_data >= low) & below if low else below

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
        elif name in self._never:
            pass  # it is 0
        elif name == "status":
            m.d.sync += sticky.eq(sticky & ~data[8:11])
        else:
            m.d.sync += [run.eq(data[0]), flush.eq(flush | data[1])]
            with m.If(self.halted):
                m.d.sync += raw.eq(data[2])
