"""The manifest of an encoder: its taps, memories and units, and what its plan promises."""

from typing import Any, Literal

from amaranth.lib.wiring import Flow

from rtl.encoder import IN_FLIGHT
from rtl.files import COMPRESSOR, ENCODER, layout_verilog, model_file
from rtl.manifest import Manifest, Memory, Order, Port, Tap, Unit
from rtl.memory.parameter_memory import BUS_BITS
from rtl.packets.event_coder import EVENT_BITS
from rtl.shape.plan import Plan
from rtl.spike_encoder import SpikeEncoder

__all__ = ["make_manifest"]


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
        files=files,
        compressor=f"{COMPRESSOR}.v" if f"{COMPRESSOR}.v" in files else None,
        memories_in_layout=plan.hardware.memories,
        layout_verilog=layout_verilog(ENCODER, plan.hardware.memories),
        macros=macros,
        models=model_file(plan.hardware.memories),
        spikes=spec.spikes,
        samples=spec.samples,
        groups=plan.groups,
        fold=plan.fold,
        parameters=plan.hardware.parameters,
        packet_blocks=plan.hardware.packet_blocks,
        packet_buffer_bytes=top.chip.packet_buffer_bytes,
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
    counts = {
        "normalizer": (1, plan.spec.spikes * plan.spec.samples),
        "vq": (plan.search.multipliers, plan.search.macs),
        **{dot.name: (dot.multipliers, dot.macs * plan.groups) for dot in plan.dots},
    }
    stages = ["conv"]
    for block in plan.blocks:
        stages += [f"{block.name}.{part}" for part in ("reduce", "conv", "expand", "delay")]
        stages += [block.pool_name] if block.pool > 1 else []
    stages += ["project", "vq", "weight_loop", "parameter_loop", "deal_weights", "deal_parameters"]
    places = {name: f"encoder.{name}" for name in ("normalizer", "input_buffer", "writer", "missing_spikes", "store")}
    places |= {name: f"encoder.pipeline.{name}" for name in stages}
    others = ["packetizer", "raw_path", "supervisor", "registers", "axi_lite", "event_queue"]
    places |= {name: name for name in [*others, *(["scrubber"] if plan.loadable else [])]}
    return [
        Unit(
            name=name,
            module=f"spike_encoder.chip.{place}",
            multipliers=counts.get(name, (0, 0))[0],
            macs_per_block=counts.get(name, (0, 0))[1],
        )
        for name, place in places.items()
    ]


def _memories(plan: Plan, top: SpikeEncoder) -> list[Memory]:
    chip = top.chip
    encoder, spec = chip.encoder, plan.spec
    kind: Literal["ram", "rom"] = plan.hardware.parameters
    sums = encoder.pipeline.projector.accumulator
    pipeline = "encoder.pipeline"
    direct = {"immediate": True}
    rams: list[tuple[str, str, int, int, dict[str, Any]]] = [
        ("encoder.input_buffer", "samples", 2 * spec.samples, 8 * spec.spikes, {"write_bits": 8}),
        *(
            (
                f"{pipeline}.project.accumulator",
                f"sums{number}",
                sums.words,
                plan.project.lanes * plan.project.accumulator_bits,
                {"busy": True},
            )
            for number in range(sums.banks)
        ),
        *(
            (
                f"{pipeline}.{plan_.name}.delay",
                "storage",
                block.delay,
                plan_.reduce.group_inputs * plan_.expand.identity_bits,
                direct,
            )
            for plan_, block in zip(plan.blocks, encoder.pipeline.blocks, strict=True)
        ),
        ("packetizer", "buffer", chip.packet_buffer_bytes, 8, {}),
        ("event_queue", "storage", chip.event_depth - 1, EVENT_BITS, {}),
        ("encoder.missing_spikes", "storage", IN_FLIGHT, len(encoder.missing), direct),
    ]
    return [
        *(
            Memory(
                name=f"chip.encoder.store.{name}",
                array="memory",
                words=max(2, len(m.words)),
                width=m.stored_width,
                kind=kind,
                ports=1,
                write_bits=BUS_BITS if m.lanes > 1 else None,
            )
            for name, m in encoder.store.memories.items()
        ),
        *(
            Memory(name=f"chip.{name}", array=array, words=max(2, words), width=width, kind="ram", **use)
            for name, array, words, width, use in rams
        ),
    ]


def _taps(plan: Plan, top: SpikeEncoder) -> list[Tap]:
    """Taps sit on leaf instances, whose port names are those of their signature."""
    spec = plan.spec
    place_bits = top.chip.encoder.normalizer.o.payload.shape().size

    def tap(
        stage: str, instance: str, port: str, elements: int, transfers: int, order: Order, width: int, **other: Any
    ) -> Tap:
        fields = {"width": width, "signed": False, "payload_width": width * elements, **other}
        return Tap(
            stage=stage,
            instance=f"chip.encoder.{instance}",
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
    taps = [tap("normalize", "normalizer", "o", 1, spikes, "channel_time", 8, signed=True, payload_width=place_bits)]
    taps.append(
        tap(
            "conv",
            "pipeline.conv.requantizer",
            "o",
            plan.conv.outputs,
            plan.groups * plan.conv.samples,
            grouped,
            plan.conv.layer.output_bits,
        )
    )
    for block in plan.blocks:
        for dot in (block.reduce, block.conv, block.expand):
            transfers, width = plan.groups * dot.samples, dot.layer.output_bits
            place = f"pipeline.{dot.name}.requantizer"
            taps.append(tap(dot.name, place, "o", dot.outputs, transfers, grouped, width))
        if block.pool > 1:
            transfers, width = plan.groups * block.expand.samples // block.pool, block.expand.layer.output_bits
            place = f"pipeline.{block.pool_name}"
            taps.append(tap(block.pool_name, place, "o", block.expand.outputs, transfers, grouped, width))
    project = plan.project
    transfers = project.samples * project.output_steps
    width = project.layer.output_bits
    taps.append(tap("project", "pipeline.vq.bank", "i", project.lanes, transfers, "time_channel", width, signed=True))
    bits = top.chip.encoder.pipeline.search.index_bits
    taps.append(tap("vq", "writer.coder", "i", 1, len(spec.vq.table), "vector", bits))
    return taps
