"""A whole implant's netlist at work: it hears noise, and then spikes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.files import COMPRESSOR
from rtl.host.register_map import register
from sim.compressor import SIDECAR, expected_packets
from sim.emitted import load_writes
from spikecae.design import Design
from spikecae.front_end.front_end import FrontEnd
from spikecae.spec import EncoderSpec
from synth.estimate.limit import RATE_HZ
from synth.gates.exercise import Exercise
from synth.gates.gate_simulator import GateSimulator
from synth.power.background import Background, heard_by
from synth.power.mapped_netlist import MappedNetlist, read_mapped
from synth.targets.cells import CellTarget

__all__ = ["Listener", "transitions_of_implant"]

Progress = Callable[[str, int, int], None]


class Listener:
    """A compressor's netlist, and what it is to hear.

    Args:
        design: sampling rate and band.
        spec: what the encoder was emitted from.
        front_end: the detector before it.
        rtl_dir: folder with manifest and parameters of both.
        chip: the mapped netlist.
        adc: (n, M, D) ADC codes of test spikes.

    Attributes:
        heard: noise, and spikes in it.
        expected: packets that golden sends.
        filters: whether there is a band-pass.

    Raises:
        ValueError: there is no front end, or the test spikes cannot be detected.
    """

    heard: Background
    expected: list[bytes]
    filters: bool

    def __init__(
        self,
        design: Design,
        spec: EncoderSpec,
        front_end: FrontEnd | None,
        rtl_dir: Path,
        chip: MappedNetlist,
        adc: NDArray[np.int16],
    ) -> None:
        if front_end is None:
            raise ValueError(f"design {design.name!r} has no front end; add [front_end] with contacts_um")
        self.channels, self.filters = front_end.channels, front_end.band_pass is not None
        self.heard = heard_by(design, front_end, chip.manifest, adc)
        self._cycles_per_block = chip.manifest.cycles_per_block
        together = min(self.heard.events, chip.manifest.packet_blocks)
        self.expected = expected_packets(spec, front_end, self.heard.codes, blocks_per_packet=together)
        settings = [(register("packet_blocks").offset, together), (register("sidecar").offset, SIDECAR)]
        self._writes = [*load_writes(rtl_dir, chip.manifest), *settings]

    def periods(self, simulator: GateSimulator, progress: Progress | None) -> Iterator[list[bytes]]:
        """Let it settle, hear noise alone, and then spikes; after each the simulator has that period's activity.

        Yields:
            the packets sent in the period.

        Raises:
            NetlistStuckError: the netlist does not answer.
        """
        exercise, codes = Exercise(simulator, self._cycles_per_block), self.heard.codes
        exercise.start(self._writes)
        first = 0
        for last in (self.heard.settled, self.heard.spikes, len(codes)):
            exercise.clear()
            exercise.feed_samples(codes[first:last])
            for frame in range(first, last):
                for _ in range(self.channels):
                    exercise.step()
                if progress is not None:
                    progress("gates", frame + 1, len(codes))
            yield exercise.packets
            first = last


def transitions_of_implant(
    design: Design,
    spec: EncoderSpec,
    front_end: FrontEnd | None,
    rtl_dir: Path,
    synth_dir: Path,
    target: CellTarget,
    adc: NDArray[np.int16],
    *,
    progress: Progress | None = None,
) -> NDArray[np.int64]:
    """Let the compressor's netlist hear noise, and spikes in it, with assumed wires.

    Args:
        design: sampling rate and band.
        spec: what the encoder was emitted from.
        front_end: the detector before it.
        rtl_dir: folder with manifest and parameters of both.
        synth_dir: folder with the report and the netlist of the synth stage for ``target``.
        target: the process.
        adc: (n, M, D) ADC codes of test spikes.
        progress: called with the step's name, how much is done, and of how much.

    Returns:
        (nets,) transitions of each net in a second of a channel, glitches among them.

    Raises:
        ValueError: there is no front end, files are missing or of different specs, or the spikes cannot be detected.
        NetlistStuckError: the netlist does not answer.
    """
    chip = read_mapped(spec.hash, rtl_dir, synth_dir, target, COMPRESSOR)
    listener = Listener(design, spec, front_end, rtl_dir, chip, adc)
    simulator, _ = chip.simulator(chip.assumed_wires, "slew")
    counted = [simulator.toggles.copy() for _ in listener.periods(simulator, progress)]
    heard = listener.heard
    quiet = (heard.spikes - heard.settled) * listener.channels
    noise = counted[1] / quiet
    spikes = (counted[2] - noise * (len(heard.codes) - heard.spikes) * listener.channels) / heard.events
    second = noise * design.recording.sampling_rate_hz + np.maximum(spikes, 0.0) * RATE_HZ
    return np.rint(second).astype(np.int64)
