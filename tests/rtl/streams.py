"""Drive and collect streams of a component in Amaranth's simulator, with seeded idles and back-pressure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import ClockDomain, Module, Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from rtl.memory.parameter_memory import ParameterMemory


@dataclass
class Port:
    """Values to send, or the number to collect; ``pause`` is the share of cycles it holds back."""

    stream: object
    values: Sequence[int] = ()
    count: int = 0
    pause: float = 0.0
    got: list[int] = field(default_factory=list)
    cycles: list[int] = field(default_factory=list)


def run(
    dut,
    sources: list[Port],
    sinks: list[Port],
    *,
    tables: Sequence[tuple[object, list[int]]] = (),
    constants: Sequence[tuple[object, int]] = (),
    seed: int = 0,
    limit: int = 20000,
    extra: int = 20,
    watch: tuple[Sequence[Value], Callable[..., None]] = ((), lambda: None),
) -> None:
    """Run until every sink has its count, then ``extra`` cycles more to see that nothing is left over.

    ``tables`` are memory ports of the component with the words that the memory behind each holds; ``constants``
    are inputs that never change. ``watch`` are signals and what is called with their values in every cycle.

    Raises:
        TimeoutError: it takes more than ``limit`` cycles.
    """
    rng = np.random.default_rng(seed)
    pauses = {id(port): rng.random(limit + extra) < port.pause for port in [*sources, *sinks]}

    def source(port: Port):
        async def process(ctx):
            cycle = 0
            for value in port.values:
                while pauses[id(port)][cycle % limit]:
                    await ctx.tick()
                    cycle += 1
                ctx.set(Value.cast(port.stream.payload), value)
                ctx.set(port.stream.valid, 1)
                while True:
                    _, _, ready = await ctx.tick().sample(port.stream.ready)
                    cycle += 1
                    if ready:
                        break
                ctx.set(port.stream.valid, 0)

        return process

    async def collect(ctx):
        left = extra
        for cycle in range(limit):
            for port in sinks:
                ctx.set(port.stream.ready, int(not pauses[id(port)][cycle]))
            observed = [
                signal for p in sinks for signal in (p.stream.valid, p.stream.ready, Value.cast(p.stream.payload))
            ]
            _, _, *values = await ctx.tick().sample(*observed, *watch[0])
            watch[1](*values[len(observed) :])
            for n, port in enumerate(sinks):
                valid, ready, payload = values[3 * n : 3 * n + 3]
                if valid and ready:
                    port.got.append(payload)
                    port.cycles.append(cycle)
            if all(len(port.got) >= port.count for port in sinks):
                left -= 1
                if left == 0:
                    return
        counts = ", ".join(f"{len(port.got)} of {port.count}" for port in sinks)
        raise TimeoutError(f"{counts} transfers after {limit} cycles")

    top = Module()
    top.domains.sync = ClockDomain()  # also for components without registers
    top.submodules.dut = dut
    for port, words in tables:
        memory = ParameterMemory(words, len(port.data))
        top.submodules += memory
        wiring.connect(top, port, memory.user)
    for signal, value in constants:
        top.d.comb += signal.eq(value)
    simulator = Simulator(top)
    for domain in ("sync", "always_on", "reading", "turning"):
        simulator.add_clock(1e-6, domain=domain, if_exists=True)
    for port in sources:
        simulator.add_testbench(source(port), background=True)
    simulator.add_testbench(collect)
    simulator.run()


def pack(values, bits: int = 8) -> int:
    """Fields to a payload, the first in the lowest bits."""
    word = 0
    for place, value in enumerate(values):
        word |= (int(value) & ((1 << bits) - 1)) << (place * bits)
    return word


def unpack(word: int, count: int, bits: int = 8, *, signed: bool = False) -> list[int]:
    """A payload's fields."""
    fields = [(word >> (place * bits)) & ((1 << bits) - 1) for place in range(count)]
    return [value - (1 << bits) if signed and value >> (bits - 1) else value for value in fields]


def simulate(dut, script, *others) -> None:
    """Run a script, with others beside it, in all the clock domains that there are."""
    simulator = Simulator(dut)
    for domain in ("sync", "always_on", "reading", "turning"):
        simulator.add_clock(1e-6, domain=domain, if_exists=True)
    for other in others:
        simulator.add_testbench(other, background=True)
    simulator.add_testbench(script)
    simulator.run()
