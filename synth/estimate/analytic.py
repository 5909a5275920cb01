"""First answer without synthesis: energy per spike, area and power density from counts and a table of costs."""

from rtl.manifest import Manifest
from rtl.shape.memory_use import held_in
from rtl.shape.plan import DotPlan, Plan
from synth.estimate.estimate_report import Estimate, LayerWork
from synth.estimate.limit import LIMIT_UW_PER_MM2, RATE_HZ, spikes_within
from synth.mapping.mapping_report import ModuleStatistics
from synth.targets.process import Process, Work

__all__ = ["estimate", "work_of"]


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
        "multipliers and adders": (plan.multipliers + plan.search.multipliers) * costs.mac_um2.value,
        "registers": counted.flip_flop_bits * costs.register_um2_per_bit.value,
        "multiplexers": counted.multiplexer_bits * costs.multiplexer_um2_per_bit.value,
    }
    area = {kind: value / process.density.value / 1e6 for kind, value in cells.items()}
    area["memories"] = memory_bits * costs.memory_um2_per_bit.value / 1e6
    total = sum(area.values())
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
            *(f"{work}: {cost.value} pJ: {cost.source}" for work, cost in costs.work_pj.items()),
            f"multiply-accumulate {costs.mac_um2.value} µm²: {costs.mac_um2.source}",
            f"memory {costs.memory_um2_per_bit.value} µm² per bit: {costs.memory_um2_per_bit.source}",
            f"register {costs.register_um2_per_bit.value} µm²: {costs.register_um2_per_bit.source}",
            f"multiplexer {costs.multiplexer_um2_per_bit.value} µm² per bit: {costs.multiplexer_um2_per_bit.source}; "
            "other logic takes no area here",
            f"placement density {process.density.value}: {process.density.source}",
            "every parameter is read once a block; every input value once per channel group",
            "left out: leakage, wires, clock tree, pads, analog front end, radio, parameter checks",
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
    layers = [
        LayerWork(
            name=dot.name,
            macs=dot.macs * plan.groups,
            parameter_bits_read=dot.group_weight_bits * plan.groups,
        )
        for dot in plan.dots
    ]
    search = plan.search
    words = sum(p.codewords for p in search.passes) * search.record_words
    return [*layers, LayerWork(name="vq", macs=search.macs, parameter_bits_read=words * 8 * search.port_bytes)]


def work_of(plan: Plan, manifest: Manifest) -> dict[str, dict[Work, float]]:
    """What a block takes, by part of the encoder and kind of work.

    Multiply-accumulates count in proportion to the product of their operands' widths, 8 by 8 bits being one.
    """
    search = plan.search
    parts: dict[str, dict[Work, float]] = {
        "convolutions": _products([dot for dot in plan.dots if dot is not plan.project], plan.groups),
        "last convolution": _products([plan.project], plan.groups),
        "codeword search": {},
    }
    parts["codeword search"]["search"] = search.macs * search.bits**2 / 64
    sums = plan.project.accumulator_bits * plan.project.outputs * plan.project.samples * plan.groups
    memory = next(m for m in manifest.memories if m.name.endswith(".accumulator"))
    in_macros = held_in(memory.use, macros=True) == "macro"
    parts["last convolution"] |= {"memory bit": 2 * sums} if in_macros else {"sum bit": sums}
    store = {m.name.rsplit(".", 1)[1]: m.words * m.width for m in manifest.memories if ".store." in m.name}
    loaded = store["weights"] + store["parameters"] + store["codebook"]
    samples = plan.groups * plan.spec.samples * 8 * plan.spec.spikes
    parts["memories"] = {"memory bit": samples + (loaded if plan.loadable else 0)}
    parts["control and clock"] = {"cycle": manifest.cycles_per_block}
    return parts


def _products(dots: list[DotPlan], groups: int) -> dict[Work, float]:
    counts: dict[Work, float] = {"stationary": 0.0, "moving": 0.0, "output": 0.0}
    for dot in dots:
        macs = dot.macs * groups
        counts["stationary" if dot.steps == 1 else "moving"] += macs * dot.weight_bits * dot.layer.input_bits / 64
        counts["output"] += dot.outputs * dot.samples * groups
    return counts
