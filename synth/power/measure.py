"""Stage ``power``: the mapped netlist runs real blocks with its parameters loaded; what moves is added up."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.manifest import Manifest
from sim.batch import unframe
from sim.emitted import load_writes
from spikecae.bitstream.payload import wire_bits
from spikecae.files import write_text
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from synth.cells.liberty import Library
from synth.gates.delays import allowed_wires, delays_of
from synth.gates.exercise import Exercise
from synth.gates.gate_simulator import GateSimulator
from synth.gates.memory_cost import MemoryCost
from synth.gates.pulse_filter import PASSING, Filter
from synth.power.activity_power import energy_of
from synth.power.blocks_needed import WARM_UP, blocks_needed
from synth.power.budget import budget
from synth.power.clock_energy import TreeModel
from synth.power.mapped_netlist import Wires, read_mapped
from synth.power.power_report import MemoryAccesses, PowerReport, WireSensitivity
from synth.power.wires import WIRE_PF
from synth.targets.cells import CellTarget

__all__ = ["NetlistError", "measure_power"]

IDLE_CYCLES = 4096
SETTLING_CYCLES = 256
RATE_BLOCKS = 1024

Progress = Callable[[str, int, int], None]


class NetlistError(RuntimeError):
    """The netlist sends other packets than the golden model."""


def measure_power(
    spec: EncoderSpec,
    rtl_dir: Path,
    synth_dir: Path,
    target: CellTarget,
    adc: NDArray[np.int16],
    out_dir: Path,
    *,
    blocks: int = 4,
    place_dir: Path | None = None,
    passing: Filter = "slew",
    progress: Progress | None = None,
) -> PowerReport:
    """Simulate the netlist with delays, check its packets, and write ``power.json``.

    Args:
        spec: what the encoder was emitted from.
        rtl_dir: folder with its Verilog, manifest and parameters.
        synth_dir: folder with the report and the netlist of the synth stage for ``target``.
        target: the process.
        adc: (n, M, D) ADC codes; the rate on the link is that of the first ``RATE_BLOCKS``.
        out_dir: gets ``power.json``.
        blocks: blocks to measure, at full rate.
        place_dir: what the place stage left for this netlist; None: each pin is allowed ``WIRE_PF`` of wire.
        passing: what a pulse must outlast to leave a gate.
        progress: called with the step's name, how much is done, and of how much.

    Raises:
        ValueError: files are of different specs, or there are too few blocks.
        NetlistError: a packet differs from golden.
        NetlistStuckError: the netlist does not answer.
    """
    chip = read_mapped(spec.hash, rtl_dir, synth_dir, target)
    manifest, mapping, library = chip.manifest, chip.mapping, chip.library
    netlist, memories = chip.netlist, chip.memories
    needed = blocks_needed(blocks, len(adc))
    wired = chip.wires(place_dir)
    simulator, delays = chip.simulator(wired, passing)
    exercise = Exercise(simulator, manifest.cycles_per_block)
    golden = encode(spec, adc[:RATE_BLOCKS])
    tell = progress or (lambda step, done, total: None)

    exercise.start(load_writes(rtl_dir, manifest))
    exercise.feed(adc[:needed])
    for number in range(WARM_UP):
        exercise.run(number + 1)
        tell("gates", number + 1, needed + blocks)
    sent = len(exercise.packets)
    _check(exercise.packets, golden.payloads, 0, manifest)
    exercise.clear()
    for number in range(blocks):
        exercise.run(number + 1)
        tell("gates", sent + number + 1, needed + blocks)
    _check(exercise.packets, golden.payloads[sent:], sent, manifest)
    busy = energy_of(simulator, delays, library, memories, wired.tree)
    accesses = [
        MemoryAccesses(
            name=memory.name,
            macro=memories[memory.name].macro,
            reads_per_block=float(simulator.reads[n]) / blocks,
            writes_per_block=float(simulator.writes[n]) / blocks,
            read_pj=memories[memory.name].read.access_pj,
        )
        for n, memory in enumerate(netlist.memories)
    ]
    wires = _sensitivity(simulator, library, memories, chip.assumed_wires.tree, blocks * spec.spikes)
    exercise.run(needed - sent)
    _check(exercise.packets, golden.payloads[sent:], sent, manifest)
    asleep = _without_spikes(exercise)
    idle = energy_of(simulator, delays, library, memories, wired.tree)
    exercise.clear()
    for number in range(blocks):
        exercise.feed(adc[sent + number : sent + number + 1])
        exercise.run(number + 1)
        for _ in range(SETTLING_CYCLES):
            exercise.step()
        tell("gates", needed + number + 1, needed + blocks)
    _check(exercise.packets, golden.payloads[sent:], needed, manifest)
    apart = energy_of(simulator, delays, library, memories, wired.tree)
    apart_pj = apart.total_pj - blocks * SETTLING_CYCLES * idle.total_pj / idle.cycles
    exercise.keep_awake()
    _without_spikes(exercise)
    awake = energy_of(simulator, delays, library, memories, wired.tree)

    spikes = blocks * spec.spikes
    nj_per_spike = busy.total_pj / 1e3 / spikes
    cycle_us = 1 / mapping.clock_mhz
    found = PowerReport(
        design=manifest.design,
        spec_hash=spec.hash,
        target=target.name,
        process=mapping.process,
        voltage_v=library.voltage_v,
        clock_mhz=mapping.clock_mhz,
        method="gate-level simulation of the whole mapped netlist with delays, times Liberty tables",
        pulses=passing,
        blocks=blocks,
        spikes=spikes,
        packets_checked=needed + blocks,
        cycles_per_block=busy.cycles / blocks,
        critical_path=delays.path,
        wire_pf_per_pin=wired.pf_per_pin,
        placement=wired.placement,
        busy=busy,
        idle=idle,
        energy_nj_per_spike=nj_per_spike,
        isolated_nj_per_spike=apart_pj / 1e3 / spikes,
        energy_nj_per_spike_by_kind={kind: pj / 1e3 / spikes for kind, pj in busy.by_kind_pj.items()},
        energy_nj_per_spike_by_unit={
            unit.name: unit.total_pj / 1e3 / spikes for unit in sorted(busy.units, key=lambda unit: -unit.total_pj)
        },
        asleep_share=asleep,
        idle_uw=idle.total_pj / idle.cycles / cycle_us,
        idle_clocked_uw=awake.total_pj / awake.cycles / cycle_us,
        leakage_uw=chip.leakage_uw,
        memories=accesses,
        wires=wires,
        budget=None
        if mapping.macro_area_um2 is None
        else budget(
            nj_per_spike=nj_per_spike,
            isolated_nj_per_spike=apart_pj / 1e3 / spikes,
            leakage_uw=chip.leakage_uw,
            idle_uw=idle.total_pj / idle.cycles / cycle_us,
            idle_clocked_uw=awake.total_pj / awake.cycles / cycle_us,
            cells_um2=mapping.area_um2,
            macros_um2=mapping.macro_area_um2,
            placement_density=target.density.value,
            spikes_per_s=mapping.clock_mhz * 1e6 / (busy.cycles / blocks) * spec.spikes,
            raw_bits_per_spike=16.0 * spec.samples,
            wire_bits_per_spike=wire_bits(
                golden.payload_bits, blocks_per_packet=manifest.packet_blocks, spikes=spec.spikes
            )
            / (spec.spikes * len(golden.payloads)),
        ),
        notes=_notes(memories, wired, passing),
    )
    write_text(out_dir / "power.json", found.model_dump_json(indent=1) + "\n")
    return found


def _without_spikes(exercise: Exercise) -> float:
    """Let everything settle, then count; returns the share of the cycles that the chip did not ask its clock for."""
    for _ in range(SETTLING_CYCLES):
        exercise.step()
    exercise.clear()
    asleep = 0
    for _ in range(IDLE_CYCLES):
        exercise.step()
        asleep += not exercise.simulator.port("clock_request")
    return asleep / IDLE_CYCLES


def _check(packets: list[bytes], payloads: list[bytes], first: int, manifest: Manifest) -> None:
    """Packets, counted from ``first``, against the payloads that golden has for them."""
    for number, (packet, payload) in enumerate(zip(packets, payloads, strict=False), first):
        if unframe(packet, number, manifest) != payload:
            raise NetlistError(f"packet {number} of the netlist is not golden's: {packet.hex()}")


def _sensitivity(
    simulator: GateSimulator,
    library: Library,
    memories: dict[str, MemoryCost],
    tree: TreeModel,
    spikes: int,
) -> list[WireSensitivity]:
    """The activity is that of the run; loads, slews and clock tree are those of an allowance."""
    found = []
    for wire_pf in (0.0, WIRE_PF, 2 * WIRE_PF):
        netlist = simulator.netlist
        other = delays_of(netlist, memories, allowed_wires(netlist, memories, wire_pf))
        energy = energy_of(simulator, other, library, memories, tree)
        found.append(WireSensitivity(wire_pf_per_pin=wire_pf, energy_nj_per_spike=energy.total_pj / 1e3 / spikes))
    return found


def _notes(memories: Mapping[str, MemoryCost], wired: Wires, passing: Filter) -> list[str]:
    notes = [
        "in: cells' internal energy by state, loads of pins, glitches, clock pins and gates, memory accesses",
        str(wired),
        f"pulses: {PASSING[passing]}; slews are each net's worst",
        "left out: pads, analog front end, radio",
    ]
    free = [name for name, cost in memories.items() if cost.macro is None]
    if free:
        notes.append(f"no macro, so that accesses cost nothing here: {', '.join(free)}")
    return notes
