"""The manifest of an encoder: what the plan's parts say of themselves, and what the chip around them has."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from amaranth.lib.wiring import Flow

from rtl.encoder import IN_FLIGHT
from rtl.files import COMPRESSOR, ENCODER, layout_verilog, model_file
from rtl.front_end.parts import memories_of, units_of
from rtl.manifest import STORE, Manifest, Memory, Port, Tap, Unit
from rtl.memory.parameter_memory import BUS_BITS
from rtl.packets.event_coder import EVENT_BITS
from rtl.packets.event_queue import at_hand
from rtl.pipeline import DEALERS, LOOPS, dealt
from rtl.shape.part import Buffer, PartUnit
from rtl.shape.plan import Plan
from rtl.spike_compressor import SpikeCompressor
from rtl.spike_encoder import SpikeEncoder
from spikecae.front_end.front_end import FrontEnd

__all__ = ["make_manifest", "manifest_of_compressor"]

PIPELINE = "pipeline"
WITHIN = "compressor"
"""The instance in a compressor that holds its encoder's chip, and its detector."""


def make_manifest(plan: Plan, top: SpikeEncoder, verilog: str, files: list[str], macros: dict[str, int]) -> Manifest:
    """Describe an encoder.

    Args:
        plan: its shape.
        top: the component that was emitted.
        verilog: name of the file it was emitted to.
        files: names of the files beside it.
        macros: memory macros in the Verilog for a layout, by name.
    """
    spec = plan.spec
    return Manifest(
        design=spec.design,
        spec_hash=spec.hash,
        point_hashes=[other.hash for other in plan.specs[1:]],
        top="spike_encoder",
        verilog=verilog,
        files=files,
        compressor=f"{COMPRESSOR}.v" if f"{COMPRESSOR}.v" in files else None,
        memories_in_layout=plan.hardware.memories,
        layout_verilog=layout_verilog(ENCODER, plan.hardware.memories),
        macros=macros,
        models=model_file(plan.hardware.memories),
        block=plan.block,
        spikes=spec.spikes,
        samples=spec.samples,
        groups=plan.groups,
        fold=plan.fold,
        parameters=plan.hardware.parameters,
        packet_blocks=plan.hardware.packet_blocks,
        macro_rows=plan.hardware.macro_rows,
        packet_buffer_bytes=top.chip.packet_buffer_bytes,
        ports=_ports(top),
        units=list(_units(plan)),
        memories=_memories(plan, top),
        taps=list(_taps(plan)),
        multipliers=plan.multipliers,
        search_multipliers=plan.quantizer.multipliers,
        utilisation=plan.utilisation,
        cycles_per_block=plan.cycles_per_block,
        latency_cycles=plan.latency,
    )


def manifest_of_compressor(
    encoder: Manifest, top: SpikeCompressor, front_end: FrontEnd, macros: dict[str, int]
) -> Manifest:
    """Describe a compressor: what its encoder is, one instance further down, and the front end's units and memories.

    Args:
        encoder: manifest of the encoder alone.
        top: the component that was emitted.
        front_end: the detector in it.
        macros: memory macros in its Verilog for a layout, by name.
    """
    detector = f"{COMPRESSOR}.{WITHIN}.detector"
    units = [
        Unit(name=name, module=f"{detector}.{name}", multipliers=0, macs_per_block=0) for name in units_of(front_end)
    ]
    inside = {unit.module: unit.module.replace(ENCODER, f"{COMPRESSOR}.{WITHIN}", 1) for unit in encoder.units}
    inner = [unit.model_copy(update={"module": inside[unit.module]}) for unit in encoder.units]
    return encoder.model_copy(
        update={
            "top": COMPRESSOR,
            "verilog": f"{COMPRESSOR}.v",
            "layout_verilog": layout_verilog(COMPRESSOR, encoder.memories_in_layout),
            "macros": macros,
            "ports": _ports(top),
            "units": [*inner, *units],
            "memories": [
                *(memory.model_copy(update={"name": f"{WITHIN}.{memory.name}"}) for memory in encoder.memories),
                *memories_of(front_end, f"{WITHIN}.detector"),
            ],
            "taps": [tap.model_copy(update={"instance": f"{WITHIN}.{tap.instance}"}) for tap in encoder.taps],
        }
    )


def _ports(top: SpikeEncoder | SpikeCompressor) -> list[Port]:
    return [
        Port(
            name=name,
            direction="in" if member.flow == Flow.In else "out",
            width=member.shape.width if hasattr(member.shape, "width") else member.shape,
        )
        for name, member in top.signature.members.items()
    ]


def _units(plan: Plan) -> Iterator[Unit]:
    inside = [
        *plan.source.units(),
        PartUnit("input_buffer", "input_buffer"),
        *plan.coder.units(),
        *(PartUnit(name, name) for name in ("missing_spikes", "store")),
        *(unit for part in plan.parts for unit in part.units()),
        *(PartUnit(LOOPS[name], f"{PIPELINE}.{LOOPS[name]}") for name in plan.shared_tables),
        *(PartUnit(DEALERS[name], f"{PIPELINE}.{DEALERS[name]}") for name in dealt(plan)),
    ]
    others = ["intake", "packetizer", "raw_path", "supervisor", "registers", "settings", "limiter", "flush_timer"]
    for unit in inside:
        yield Unit(
            name=unit.name,
            module=f"spike_encoder.chip.encoder.{unit.place}",
            multipliers=unit.multipliers,
            macs_per_block=unit.macs,
            moving=unit.moving,
        )
    for name in [*others, "axi_lite", "event_queue", *(["scrubber"] if plan.loadable else [])]:
        yield Unit(name=name, module=f"spike_encoder.chip.{name}", multipliers=0, macs_per_block=0)


def _memories(plan: Plan, top: SpikeEncoder) -> list[Memory]:
    chip = top.chip
    kind: Literal["ram", "rom"] = plan.hardware.parameters
    events = chip.event_depth

    def working(place: str, array: str, words: int, width: int, **use: object) -> Memory:
        return Memory.model_validate(
            {"name": f"chip.{place}", "array": array, "words": max(2, words), "width": width, "kind": "ram", **use}
        )

    def of_part(buffer: Buffer) -> Memory:
        use = {"busy": buffer.busy, "immediate": buffer.immediate}
        return working(f"encoder.{buffer.place}", buffer.array, buffer.words, buffer.width, **use)

    return [
        *(
            Memory(
                name=f"{STORE}.{name}",
                array="memory",
                words=max(2, len(m.words)),
                width=m.stored_width,
                kind=kind,
                ports=1,
                write_bits=None if m.lanes == 1 or m.in_whole_words else BUS_BITS,
                busy=m.busy,
                immediate=m.in_whole_words,
            )
            for name, m in chip.encoder.store.memories.items()
        ),
        *_input_buffer(plan),
        *(of_part(buffer) for part in plan.placed for buffer in part.buffers()),
        working("packetizer", "buffer", chip.packet_buffer_bytes, 8, ports=1),
        working("event_queue", "storage", events - (not at_hand(events)), EVENT_BITS, immediate=at_hand(events)),
        working("encoder.missing_spikes", "storage", IN_FLIGHT, len(chip.encoder.missing), immediate=True),
    ]


def _input_buffer(plan: Plan) -> Iterator[Memory]:
    feed = plan.feed
    if feed.places == 1:
        return  # registers
    yield Memory(
        name="chip.encoder.input_buffer",
        array="samples",
        words=feed.places * feed.words,
        width=8 * feed.lanes,
        kind="ram",
        write_bits=8 if feed.order == "samples" else 8 * feed.part if feed.words == 1 else None,
        busy=feed.order != "samples",
        immediate=feed.words == 1,
    )


def _taps(plan: Plan) -> Iterator[Tap]:
    """Taps sit on leaf instances, whose port names are those of their signature."""
    walk = list(plan.walk)
    for part, following in pairwise(walk):
        for tap in part.taps(following.entry):
            yield Tap(
                stage=tap.stage,
                instance=f"chip.encoder.{tap.entry.place}",
                valid=f"{tap.entry.port}__valid",
                ready=f"{tap.entry.port}__ready",
                payload=f"{tap.entry.port}__payload",
                payload_width=tap.payload_width or tap.width * tap.elements,
                elements=tap.elements,
                width=tap.width,
                signed=tap.signed,
                transfers_per_block=tap.transfers,
                order=tap.order,
            )
