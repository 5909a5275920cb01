"""First answer without synthesis: energy per spike, area and power density from counts and a table of costs."""

from rtl.manifest import Manifest
from rtl.plan import Plan
from synth.energy_table import Node
from synth.part import Part
from synth.yosys import ModuleStatistics

__all__ = ["LIMIT_UW_PER_MM2", "Estimate", "LayerWork", "estimate"]

LIMIT_UW_PER_MM2 = 400.0
"""Power density that brain tissue tolerates (Wu et al. 2018, section 4)."""
RATE_HZ = 20.0
"""Spikes per second of a channel, as the paper assumes."""


class LayerWork(Part):
    """What a layer does for one block."""

    name: str
    macs: int
    parameter_bits_read: int


class Estimate(Part):
    """Analytic; ``assumptions`` says what is in it."""

    node: str
    process: str
    voltage_v: float
    method: str
    assumptions: list[str]
    layers: list[LayerWork]
    macs_per_spike: float
    energy_nj_per_spike: float
    energy_nj_per_spike_by_kind: dict[str, float]
    area_mm2: float
    area_mm2_by_kind: dict[str, float]
    clock_mhz: float
    spikes_per_s_at_full_rate: float
    power_uw_at_full_rate: float
    density_uw_per_mm2_at_full_rate: float
    limit_uw_per_mm2: float
    spikes_per_s_within_limit: float
    channels_within_limit: int
    power_uw_per_channel: float
    area_um2_per_channel_within_limit: float


def estimate(plan: Plan, manifest: Manifest, node: Node, counted: ModuleStatistics) -> Estimate:
    """Add up what a block costs: every energy is that of one block, divided among its spikes.

    Args:
        plan: shape of the hardware.
        manifest: its memories.
        node: costs.
        counted: the whole encoder's resources.
    """
    spikes = plan.spec.spikes
    layers = _layers(plan)
    search = next(layer for layer in layers if layer.name == "vq")
    encoder_macs = sum(layer.macs for layer in layers) - search.macs
    mac = node.mac_pj.value
    store = {m.name.rsplit(".", 1)[1]: m.words * m.width for m in manifest.memories if ".store." in m.name}
    loaded = store["weights"] + store["parameters"] + store["codebook"]
    activation_bits = _activation_bits(plan)
    buffers_read = plan.groups * plan.spec.samples * 8 * spikes + 2 * _accumulator_bits(plan)
    datapath = mac * (encoder_macs + search.macs * node.both_operands_factor.value)
    energy_pj = {
        "convolutions": mac * encoder_macs,
        "codeword search": mac * search.macs * node.both_operands_factor.value,
        "overhead": node.overhead.value * datapath,
        "parameter memories": node.memory_read_pj_per_bit.value * loaded,
        "buffers": node.memory_read_pj_per_bit.value * buffers_read,
        "registers": node.register_write_pj_per_bit.value * (2 * loaded + activation_bits),
    }
    per_spike = {kind: value / spikes / 1000 for kind, value in energy_pj.items()}
    energy = sum(per_spike.values())

    memory_bits = sum(memory.words * memory.width for memory in manifest.memories)
    cells = {
        "multipliers and adders": (plan.multipliers + plan.search.multipliers) * node.mac_um2.value,
        "registers": counted.flip_flop_bits * node.register_um2_per_bit.value,
        "multiplexers": counted.multiplexer_bits * node.multiplexer_um2_per_bit.value,
    }
    area = {kind: value / node.density.value / 1e6 for kind, value in cells.items()}
    area["memories"] = memory_bits * node.memory_um2_per_bit.value / 1e6
    total = sum(area.values())
    clock = plan.hardware.clock_mhz
    rate = clock * 1e6 / manifest.cycles_per_block * spikes
    power = energy * rate / 1000
    within = LIMIT_UW_PER_MM2 * total / energy * 1000
    channels = int(within / RATE_HZ)
    return Estimate(
        node=node.name,
        process=node.process,
        voltage_v=node.voltage_v,
        method="analytic: operations and memory bits of a block times a table of costs",
        assumptions=[
            f"multiply-accumulate {mac} pJ, {node.mac_um2.value} µm²: {node.mac_pj.source}",
            f"codeword search costs {node.both_operands_factor.value} times that: {node.both_operands_factor.source}",
            f"memory {node.memory_read_pj_per_bit.value} pJ and {node.memory_um2_per_bit.value} µm² per bit: "
            f"{node.memory_read_pj_per_bit.source}",
            f"register {node.register_write_pj_per_bit.value} pJ per bit written: "
            f"{node.register_write_pj_per_bit.source}; "
            f"{node.register_um2_per_bit.value} µm²: {node.register_um2_per_bit.source}",
            f"requantization, multiplexers, control and clock: {node.overhead.value} of the datapath's energy: "
            f"{node.overhead.source}",
            f"multiplexer {node.multiplexer_um2_per_bit.value} µm² per bit: {node.multiplexer_um2_per_bit.source}; "
            "other logic takes no area here",
            f"placement density {node.density.value}: {node.density.source}",
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
            macs=dot.inputs * dot.outputs * dot.samples * plan.groups,
            parameter_bits_read=dot.group_weight_bits * plan.groups,
        )
        for dot in plan.dots
    ]
    search = plan.search
    macs = sum(p.codewords * p.count * p.length for p in search.passes)
    words = sum(p.codewords for p in search.passes) * search.record_words
    return [*layers, LayerWork(name="vq", macs=macs, parameter_bits_read=words * 8 * search.port_bytes)]


def _accumulator_bits(plan: Plan) -> int:
    """Bits of partial sums read (and as many written) in a block: all, once per channel group."""
    project = plan.project
    return plan.groups * project.samples * project.outputs * project.accumulator_bits


def _activation_bits(plan: Plan) -> int:
    """Bits that windows and outputs of the convolutions take in a block."""
    return sum(
        plan.groups
        * dot.samples
        * (dot.layer.input_bits * dot.group_inputs * dot.layer.kernel + 2 * dot.layer.output_bits * dot.outputs)
        for dot in plan.dots
    )
