"""First answer without synthesis: energy per spike, area and power density from counts and a table of costs."""

from rtl.manifest import Manifest
from rtl.shape.plan import Plan
from rtl.shape.work import Work
from synth.estimate.estimate_report import Estimate, LayerWork
from synth.estimate.limit import LIMIT_UW_PER_MM2, RATE_HZ, spikes_within
from synth.mapping.mapping_report import ModuleStatistics
from synth.targets.process import Process

__all__ = ["CONTROL", "MEMORIES", "estimate", "work_of"]

MEMORIES, CONTROL = "memories", "control and clock"
"""Parts of the encoder that are no stage's: parameters and the input buffer; all that goes on in every cycle."""


def estimate(plan: Plan, manifest: Manifest, process: Process, counted: ModuleStatistics) -> Estimate:
    """Add up what a block costs: every energy is that of one block, divided among its spikes.

    Args:
        plan: shape of the hardware.
        manifest: its memories.
        process: what it is made in.
        counted: the whole encoder's resources.

    Raises:
        ValueError: nothing is known of the process's costs.
    """
    costs = process.costs
    if costs is None:
        raise ValueError(f"process {process.name} has no table of costs; write one into its file in synth/targets")
    spikes = plan.spec.spikes
    layers = _layers(plan)
    parts = work_of(plan, manifest)
    per_spike = {
        part: sum(costs.work_pj[work].value * count for work, count in counts.items()) / spikes / 1000
        for part, counts in parts.items()
    }
    energy = sum(per_spike.values())

    memory_bits = sum(memory.words * memory.width for memory in manifest.memories)
    cells = {
        "multipliers and adders": (plan.multipliers + plan.quantizer.multipliers) * costs.mac_um2.value,
        "registers": counted.flip_flop_bits * costs.register_um2_per_bit.value,
        "multiplexers": counted.multiplexer_bits * costs.multiplexer_um2_per_bit.value,
    }
    area = {kind: value / process.density.value / 1e6 for kind, value in cells.items()}
    area["memories"] = memory_bits * costs.memory_um2_per_bit.value / 1e6
    total = sum(area.values())
    by_source: dict[str, list[str]] = {}
    for work, cost in costs.work_pj.items():
        by_source.setdefault(cost.source, []).append(f"{work} {cost.value} pJ")
    clock = plan.hardware.clock_mhz
    rate = clock * 1e6 / manifest.cycles_per_block * spikes
    power = energy * rate / 1000
    within = spikes_within(LIMIT_UW_PER_MM2 * total, nj_per_spike=energy, spikes_per_s=rate)
    channels = int(within / RATE_HZ)
    return Estimate(
        node=process.name,
        process=process.process,
        voltage_v=process.voltage_v,
        method="analytic: operations and memory bits of a block times a table of costs",
        assumptions=[
            *(f"{', '.join(works)}: {source}" for source, works in by_source.items()),
            f"multiply-accumulate {costs.mac_um2.value} µm²: {costs.mac_um2.source}",
            f"memory {costs.memory_um2_per_bit.value} µm² per bit: {costs.memory_um2_per_bit.source}",
            f"register {costs.register_um2_per_bit.value} µm²: {costs.register_um2_per_bit.source}",
            f"multiplexer {costs.multiplexer_um2_per_bit.value} µm² per bit: {costs.multiplexer_um2_per_bit.source}; "
            "other logic takes no area here",
            f"placement density {process.density.value}: {process.density.source}",
            "every parameter is read once a block; every input value once per channel group",
            "left out: leakage, the clock between spikes, wires, clock tree, pads, analog front end, radio, parameter "
            "checks",
        ],
        layers=layers,
        macs_per_spike=sum(layer.macs for layer in layers) / spikes,
        energy_nj_per_spike=energy,
        energy_nj_per_spike_by_kind=per_spike,
        area_mm2=total,
        area_mm2_by_kind=area,
        clock_mhz=clock,
        spikes_per_s_at_full_rate=rate,
        power_uw_at_full_rate=power,
        density_uw_per_mm2_at_full_rate=power / total,
        limit_uw_per_mm2=LIMIT_UW_PER_MM2,
        spikes_per_s_within_limit=within,
        channels_within_limit=channels,
        power_uw_per_channel=energy * RATE_HZ / 1000,
        area_um2_per_channel_within_limit=total * 1e6 / channels if channels else 0.0,
    )


def _layers(plan: Plan) -> list[LayerWork]:
    return [
        LayerWork(name=layer.name, macs=layer.macs, parameter_bits_read=layer.parameter_bits_read)
        for part in plan.parts
        for layer in part.layers()
    ]


def work_of(plan: Plan, manifest: Manifest) -> dict[str, dict[Work, float]]:
    """What a block takes, by part of the encoder and kind of work: what each stage says, memories, and the rest."""
    parts: dict[str, dict[Work, float]] = {}
    for part in plan.parts:
        own = parts.setdefault(part.work_on, {})
        for kind, count in part.work().items():
            own[kind] = own.get(kind, 0.0) + count
    loaded = sum(
        memory.bits
        for memory in manifest.memories
        if memory.role == "parameters" and memory.short_name in plan.read_once
    )
    samples = plan.feed.transfers * 8 * plan.feed.lanes
    parts[MEMORIES] = {"memory bit": samples + (loaded if plan.loadable else 0)}
    parts[CONTROL] = {"cycle": manifest.cycles_per_block}
    return parts
