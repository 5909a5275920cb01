"""Power of a whole implant: the mapped netlist of detector and encoder hears noise, and then spikes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.files import COMPRESSOR
from spikecae.design import Design
from spikecae.files import write_text
from spikecae.front_end.front_end import FrontEnd
from spikecae.spec import EncoderSpec
from synth.estimate.limit import RATE_HZ
from synth.gates.pulse_filter import PASSING
from synth.mapping.mapping_report import Mapping as CellMapping
from synth.power.activity_power import energy_of
from synth.power.background import SEED
from synth.power.implant_report import ImplantPart, ImplantReport
from synth.power.listening import Listener
from synth.power.mapped_netlist import read_mapped
from synth.power.measure import NetlistError
from synth.power.power_report import Energy
from synth.targets.cells import CellTarget

__all__ = ["measure_implant"]

BAND_PASS = "band-pass"
NOISE = "noise estimate"
CONTROL = "registers and control"
PARTS = {
    "filter": BAND_PASS,
    "noise": NOISE,
    **dict.fromkeys(("counter", "peaks", "arbiter"), "detection"),
    **dict.fromkeys(("buffer", "reader"), "buffer"),
    **dict.fromkeys(("packetizer", "raw_path", "event_queue"), "packets"),
    **dict.fromkeys(("registers", "axi_lite", "supervisor", "settings", "limiter", "scrubber"), CONTROL),
    **dict.fromkeys(("intake", "flush_timer", "rest"), CONTROL),
}
"""Of the chip, by unit; all others are the encoder's."""
ENCODER = "encoder"
NAMES = (BAND_PASS, NOISE, "detection", "buffer", ENCODER, "packets", CONTROL)

Progress = Callable[[str, int, int], None]


def measure_implant(
    design: Design,
    spec: EncoderSpec,
    front_end: FrontEnd | None,
    rtl_dir: Path,
    synth_dir: Path,
    target: CellTarget,
    adc: NDArray[np.int16],
    out_dir: Path,
    *,
    place_dir: Path | None = None,
    progress: Progress | None = None,
) -> ImplantReport:
    """Simulate the compressor's netlist with delays, check its packets, and write ``implant.json``.

    Args:
        design: sampling rate and band.
        spec: what the encoder was emitted from.
        front_end: the detector before it.
        rtl_dir: folder with Verilog, manifest and parameters of both.
        synth_dir: folder with the report and the netlist of the synth stage for ``target``.
        target: the process.
        adc: (n, M, D) ADC codes of test spikes.
        out_dir: gets ``implant.json``.
        place_dir: what the place stage left for this netlist; None: each pin is allowed ``WIRE_PF`` of wire.
        progress: called with the step's name, how much is done, and of how much.

    Raises:
        ValueError: there is no front end, files are of different specs, or the test spikes cannot be detected.
        NetlistError: a packet differs from golden.
        NetlistStuckError: the netlist does not answer.
    """
    chip = read_mapped(spec.hash, rtl_dir, synth_dir, target, COMPRESSOR)
    manifest, mapping, library, memories = chip.manifest, chip.mapping, chip.library, chip.memories
    listener = Listener(design, spec, front_end, rtl_dir, chip, adc)
    rate, channels, heard = design.recording.sampling_rate_hz, listener.channels, listener.heard
    wires = chip.wires(place_dir)
    simulator, delays = chip.simulator(wires, "slew")
    energies, packets = [], list[bytes]()
    for sent in listener.periods(simulator, progress):
        packets += sent
        energies.append(energy_of(simulator, delays, library, memories, wires.tree))
    if packets != listener.expected:
        raise NetlistError(f"packets of the netlist are not golden's: {[packet.hex() for packet in packets]}")
    _, quiet, eventful = energies
    found = ImplantReport(
        design=manifest.design,
        spec_hash=spec.hash,
        target=target.name,
        process=mapping.process,
        voltage_v=library.voltage_v,
        method="gate-level simulation of the whole mapped netlist with delays, times Liberty tables",
        stimulus=f"Gaussian noise, {design.recording.band_hz[0]:g} to {design.recording.band_hz[1]:g} Hz, as deep as "
        f"the first samples of the test snippets; {heard.events} test spikes in it; seed {SEED}",
        channels=channels,
        sampling_rate_hz=rate,
        events_per_s=RATE_HZ,
        noise_deviation=heard.deviation,
        quiet_samples=quiet.cycles,
        events=heard.events,
        packets_checked=len(listener.expected),
        critical_path=delays.path,
        wire_pf_per_pin=wires.pf_per_pin,
        placement=wires.placement,
        quiet=quiet,
        eventful=eventful,
        parts=_parts(channels, mapping, target, (quiet, eventful), heard.events, rate),
        leakage_uw_per_channel=chip.leakage_uw / channels,
        notes=[
            "in: cells' internal energy by state, loads of pins, glitches, clock pins and gates, memory accesses; a "
            "cycle for every sample of a channel, in which the detector is clocked, and the chip behind it as it asks",
            str(wires),
            f"pulses: {PASSING['slew']}; slews are each net's worst",
            f"left out: amplifiers, converter, {'' if listener.filters else 'band-pass filter, '}pads, radio",
        ],
    )
    write_text(out_dir / "implant.json", found.model_dump_json(indent=1) + "\n")
    return found


def _parts(
    channels: int,
    mapping: CellMapping,
    target: CellTarget,
    energies: tuple[Energy, Energy],
    events: int,
    rate_hz: float,
) -> list[ImplantPart]:
    areas: dict[str, float] = dict.fromkeys(NAMES, 0.0)
    for unit in mapping.units:
        areas[_part(unit.name)] += unit.area_um2 / target.density.value
    for memory in mapping.memories:
        if memory.held_in == "macro" and memory.macro is not None:
            areas[_part(memory.name)] += memory.macro.area_um2
    quiet, eventful = ({name: _spent(energy, name) for name in NAMES} for energy in energies)
    parts = []
    for name in (name for name in NAMES if areas[name]):
        each = quiet[name] / energies[0].cycles
        extra = (eventful[name] - each * energies[1].cycles) / events / 1e3
        parts.append(
            ImplantPart(
                name=name,
                um2_per_channel=areas[name] / channels,
                pj_per_sample=each,
                nj_per_event=extra,
                uw_per_channel=each * rate_hz / 1e6 + extra * RATE_HZ / 1e3,
            )
        )
    return parts


def _part(place: str) -> str:
    """Of a unit or a memory, by its name or by the dotted path of its instance."""
    for inside in ("compressor.detector.", "compressor.chip."):
        place = place.removeprefix(inside)
    return PARTS.get(place.split(".")[0], ENCODER)


def _spent(energy: Energy, part: str) -> float:
    """In pJ. The top has the clock's root: that and the tree are shared out by the clock pins of the units."""
    units = [unit for unit in energy.units if unit.name != COMPRESSOR]
    (top,) = (unit for unit in energy.units if unit.name == COMPRESSOR)
    shared = top.clock_pj + energy.clock_tree_pj
    clock = sum(unit.clock_pj for unit in units)
    mine = [unit for unit in units if _part(unit.name) == part]
    share = sum(unit.clock_pj for unit in mine) / clock if clock else 0.0
    rest = top.total_pj - top.clock_pj if part == _part("rest") else 0.0
    return sum(unit.total_pj for unit in mine) + share * shared + rest
