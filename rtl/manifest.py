"""``manifest.json``: what was emitted, where its taps and memories are, and what it promises."""

from typing import Any, Literal

from amaranth.lib.wiring import Flow
from pydantic import BaseModel, ConfigDict

from rtl.plan import Plan
from rtl.spike_encoder import SpikeEncoder

__all__ = ["Manifest", "Memory", "Port", "Tap", "Unit", "make_manifest"]


class Record(BaseModel):
    """An immutable entry; unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Port(Record):
    """A pin of the top level."""

    name: str
    direction: Literal["in", "out"]
    width: int


class Memory(Record):
    """A memory, by the instance that holds it (dotted path below the top)."""

    name: str
    words: int
    width: int
    kind: Literal["rom", "ram"]

    @property
    def bits(self) -> int:
        """Size."""
        return self.words * self.width


class Unit(Record):
    """A part that can be synthesized alone."""

    name: str
    module: str
    multipliers: int
    macs_per_block: int


Order = Literal["group_time_channel", "time_channel", "channel_time", "vector"]


class Tap(Record):
    """A stream inside the chip whose transfers equal a tensor of the golden model.

    A transfer (``valid`` and ``ready`` at a rising clock edge) carries ``elements`` values of ``width`` bits,
    the first in the lowest bits of ``payload``. ``order`` says how the golden tap (channels, samples) is walked:
    ``group_time_channel``, ``time_channel``, ``channel_time``, or ``vector``.
    """

    stage: str
    instance: str
    valid: str
    ready: str
    payload: str
    payload_width: int
    elements: int
    width: int
    signed: bool
    transfers_per_block: int
    order: Order


class Manifest(Record):
    """Everything that tools behind the generator need to know about the emitted Verilog."""

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    top: str
    verilog: str
    spikes: int
    samples: int
    groups: int
    fold: int
    ports: list[Port]
    units: list[Unit]
    memories: list[Memory]
    taps: list[Tap]
    multipliers: int
    search_multipliers: int
    utilisation: float
    cycles_per_block: int
    latency_cycles: int


def make_manifest(plan: Plan, top: SpikeEncoder, verilog: str) -> Manifest:
    """Describe an encoder.

    Args:
        plan: its shape.
        top: the component that was emitted.
        verilog: name of the file it was emitted to.
    """
    spec = plan.spec
    ports = [
        Port(
            name=name,
            direction="in" if member.flow == Flow.In else "out",
            width=member.shape.width if hasattr(member.shape, "width") else member.shape,
        )
        for name, member in top.signature.members.items()
    ]
    return Manifest(
        design=spec.design,
        spec_hash=spec.hash,
        top="spike_encoder",
        verilog=verilog,
        spikes=spec.spikes,
        samples=spec.samples,
        groups=plan.groups,
        fold=plan.fold,
        ports=ports,
        units=_units(plan),
        memories=_memories(plan, top),
        taps=_taps(plan, top),
        multipliers=plan.multipliers,
        search_multipliers=plan.search.multipliers,
        utilisation=plan.utilisation,
        cycles_per_block=plan.cycles_per_block,
        latency_cycles=plan.latency,
    )


def _units(plan: Plan) -> list[Unit]:
    search_macs = sum(p.codewords * p.count * p.length for p in plan.search.passes)
    counts = {
        "normalizer": (1, plan.spec.spikes * plan.spec.samples),
        "vq": (plan.search.multipliers, search_macs),
        **{dot.name: (dot.multipliers, dot.inputs * dot.outputs * dot.samples * plan.groups) for dot in plan.dots},
    }
    names = ["normalizer", "input_buffer", "conv"]
    for block in plan.blocks:
        names += [f"{block.name}.{part}" for part in ("reduce", "conv", "expand", "delay")]
        names += [block.pool_name] if block.pool > 1 else []
    names += ["project", "vq", "huffman", "weights", "parameters", "deal_weights", "deal_parameters"]
    return [
        Unit(
            name=name,
            module=f"spike_encoder.encoder.{name}",
            multipliers=counts.get(name, (0, 0))[0],
            macs_per_block=counts.get(name, (0, 0))[1],
        )
        for name in names
    ]


def _memories(plan: Plan, top: SpikeEncoder) -> list[Memory]:
    encoder, spec = top.encoder, plan.spec
    roms = {
        "normalizer.rom": encoder.normalizer.rom,
        "weights.rom": encoder.weights.rom,
        "parameters.rom": encoder.parameters.rom,
        "project.accumulator.rom": encoder.projector.accumulator.rom,
        "vq.codebook.rom": encoder.search.loop.rom,
        "huffman.rom": encoder.huffman.rom,
    }
    sums = encoder.projector.accumulator
    rams = {
        "input_buffer.samples": (2 * spec.samples, 8 * spec.spikes),
        "project.accumulator.sums": (sums.depth, plan.project.lanes * plan.project.accumulator_bits),
        **{
            f"{plan_.name}.delay": (block.delay, 8 * plan_.reduce.group_inputs)
            for plan_, block in zip(plan.blocks, encoder.blocks, strict=True)
        },
    }
    return [
        *(Memory(name=f"encoder.{n}", words=len(rom.words), width=rom.width, kind="rom") for n, rom in roms.items()),
        *(Memory(name=f"encoder.{n}", words=words, width=width, kind="ram") for n, (words, width) in rams.items()),
    ]


def _taps(plan: Plan, top: SpikeEncoder) -> list[Tap]:
    """Taps sit on leaf instances, whose port names are those of their signature."""
    spec = plan.spec
    place_bits = top.encoder.normalizer.o.payload.shape().size

    def tap(stage: str, instance: str, port: str, elements: int, transfers: int, order: Order, **other: Any) -> Tap:
        fields = {"width": 8, "signed": False, "payload_width": 8 * elements, **other}
        return Tap(
            stage=stage,
            instance=f"encoder.{instance}",
            elements=elements,
            transfers_per_block=transfers,
            order=order,
            valid=f"{port}__valid",
            ready=f"{port}__ready",
            payload=f"{port}__payload",
            **fields,
        )

    grouped: Order = "group_time_channel"
    spikes = spec.spikes * spec.samples
    taps = [tap("normalize", "normalizer", "o", 1, spikes, "channel_time", signed=True, payload_width=place_bits)]
    taps.append(tap("conv", "conv.requantizer", "o", plan.conv.outputs, plan.groups * plan.conv.samples, grouped))
    for block in plan.blocks:
        for dot in (block.reduce, block.conv, block.expand):
            taps.append(tap(dot.name, f"{dot.name}.requantizer", "o", dot.outputs, plan.groups * dot.samples, grouped))
        if block.pool > 1:
            transfers = plan.groups * block.expand.samples // block.pool
            taps.append(tap(block.pool_name, block.pool_name, "o", block.expand.outputs, transfers, grouped))
    project = plan.project
    transfers = project.samples * project.output_steps
    taps.append(tap("project", "vq.bank", "i", project.lanes, transfers, "time_channel", signed=True))
    bits = top.encoder.search.index_bits
    taps.append(tap("vq", "huffman", "i", 1, len(spec.vq.table), "vector", width=bits, payload_width=bits))
    return taps
