"""The batch simulator: a Verilated encoder behind ctypes, at hundreds of kilocycles a second.

It feeds blocks, collects the bytes that leave and the transfers of every tap, and remembers the cycle of each
input beat and output byte. It judges nothing: comparing is :mod:`sim.compare`'s.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.files import ENCODER
from rtl.host.register_map import WINDOW_BITS, register
from rtl.manifest import Manifest
from rtl.memory.parameter_memory import BUS_BITS
from sim.harness import copied, load_harness
from sim.verilate import MEMORY_VARIABLE, READ_PORT
from sim.wrapper import WITHIN, WRAPPER, tap_slots
from spikecae.bitstream.packets import HEADER_BYTES, MAX_PAYLOAD, TRAILER_BYTES, Header, frame

__all__ = ["BatchSimulator", "HangError", "Pauses", "ProtocolError", "unframe"]

DONE, STUCK, OUT_OF_CYCLES, UNSTABLE = range(4)
UNLIMITED = 1 << 62
CHANNEL_BITS = 16  # of ``s_axis_tuser``, below the time


class HangError(RuntimeError):
    """Nothing moves any more, or the run takes many times its time. The message says how far each stage came."""


class ProtocolError(RuntimeError):
    """``m_axis`` took back or changed a byte that it had offered and that was not yet taken."""


@dataclass(frozen=True)
class Pauses:
    """Random idle cycles of a stream: a ``fraction`` of all cycles, in pauses of mean ``length`` cycles."""

    fraction: float = 0.0
    length: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.fraction < 1:
            raise ValueError(f"fraction = {self.fraction} must lie in 0..1, 1 excluded")
        if self.length < 1 or self.fraction > self.length / (1 + self.length):
            raise ValueError(f"pauses of {self.length} cycles cannot fill {self.fraction} of all; raise length")

    @property
    def probabilities(self) -> tuple[float, float]:
        """Chance that a pause begins, and that it ends, in a cycle."""
        return self.fraction / ((1 - self.fraction) * self.length), 1 / self.length


class BatchSimulator:
    """A running encoder. A context manager: leaving it ends the simulation and closes its waveform file.

    Registers start from random values, as on silicon, where the Verilog gives them none.

    Packets hold one block each, and parameters are loaded, if they are not built in, before anything else.

    Args:
        library: what :func:`sim.verilate.build_library` made.
        manifest: the encoder's.
        load: register writes (byte offset, value) that start the chip, as the generator's ``load.json`` has them.
        top: what the library was built from, the encoder or the compressor.
        seed: of the registers' first values.
        waves: VCD file to write, for a library built with waveforms.

    Raises:
        OSError: the library cannot be loaded.
        ProtocolError: the chip refuses a write.
    """

    def __init__(
        self,
        library: Path,
        manifest: Manifest,
        *,
        load: Sequence[tuple[int, int]] = (),
        top: str = ENCODER,
        seed: int = 1,
        waves: Path | None = None,
    ) -> None:
        self.manifest = manifest
        self._load = load
        self._library = load_harness(library)
        self._input, self._output = Pauses(), Pauses()
        trace = None if waves is None else str(waves).encode()
        self._handle: ctypes.c_void_p | None = ctypes.c_void_p(self._library.sim_new(seed, trace))
        for slot in tap_slots(manifest):
            tap = slot.tap
            self._library.sim_add_tap(self._handle, slot.word, tap.elements, tap.width, tap.signed)
        self._chip = f"{WRAPPER}.dut.{WITHIN[top]}"
        self._counted = [memory for memory in manifest.memories if memory.role == "parameters"]
        # Nothing moves while the parameters are checked, a bus word a cycle.
        self._check_cycles = sum(memory.words * -(-memory.width // BUS_BITS) for memory in self._counted)
        for memory in self._counted:
            scope, enable, address = (name.encode() for name in (f"{self._chip}{memory.name}", *READ_PORT))
            if not self._library.sim_add_reads(self._handle, scope, enable, address, memory.words):
                raise OSError(f"{library} does not show the read port of {memory.name}")
        self._fed = 0
        self._start(load)

    def __enter__(self) -> "BatchSimulator":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def write_coverage(self, path: Path) -> bool:
        """Write which lines were reached and which bits have moved; False if the library counts nothing."""
        return bool(self._library.sim_coverage(self._handle, str(path).encode()))

    def close(self) -> None:
        """End the simulation."""
        if self._handle is not None:
            self._library.sim_delete(self._handle)
            self._handle = None

    def pause(self, *, inputs: Pauses, outputs: Pauses, seed: int, accesses: Pauses | None = None) -> None:
        """From now on, leave ``s_axis`` idle, hold ``m_axis`` back and let ``s_axil`` wait at random."""
        self._input, self._output = inputs, outputs
        for stream, pauses in enumerate((outputs, inputs, accesses or Pauses())):
            self._library.sim_pauses(self._handle, stream, 2 * seed + stream + 1, *pauses.probabilities)

    def reset(self, cycles: int = 4, load: Sequence[tuple[int, int]] | None = None) -> None:
        """Hold ``aresetn`` low, start anew, and forget what was fed and recorded.

        Memories keep what they hold, or are loaded with other writes.
        """
        self._library.sim_reset(self._handle, cycles)
        self._fed = 0
        self._start([write for write in self._load if write[0] < 1 << WINDOW_BITS] if load is None else load)

    def _start(self, load: Sequence[tuple[int, int]]) -> None:
        for offset, value in [(register("packet_blocks").offset, 1), *load]:
            self.write(offset, value)

    def write(self, offset: int, value: int, strobe: int = 0xF) -> None:
        """Write the bytes in ``strobe`` to the registers or the parameter window, while everything else goes on.

        Raises:
            ProtocolError: the chip refuses it.
        """
        if not self._library.sim_write(self._handle, offset, value, strobe):
            raise ProtocolError(f"the chip refuses to write {value:#x} to offset {offset:#x}")

    def write_twice(self, first: tuple[int, int], second: tuple[int, int], wait: int) -> None:
        """Write (offset, value) twice, the second offered while the answer to the first is held back.

        Args:
            first, second: the writes.
            wait: cycles that the answer is held back.

        Raises:
            ProtocolError: the chip refuses one, does not answer, or takes the second before the first is answered.
        """
        offsets, values = (np.array(words, dtype=np.uint32) for words in zip(first, second, strict=True))
        if not self._library.sim_write_twice(self._handle, offsets.ctypes.data, values.ctypes.data, wait):
            raise ProtocolError(f"the chip does not take two writes in a row, {first} and {second}")

    def read(self, offset: int) -> int:
        """Read from the registers or the parameter window, while everything else goes on.

        Raises:
            ProtocolError: the chip does not answer.
        """
        value = int(self._library.sim_read(self._handle, offset))
        if value < 0:
            raise ProtocolError(f"the chip does not let offset {offset:#x} be read")
        return value

    def feed(
        self,
        codes: NDArray[np.int16],
        last: NDArray[np.bool_] | None = None,
        events: NDArray[np.integer] | None = None,
    ) -> None:
        """Queue ADC codes for ``s_axis``.

        Args:
            codes: (..., samples), sent in C order; blocks are (blocks, M, D).
            last: ``tlast`` of every beat, same shape; by default the last sample of each spike.
            events: (..., 2) channel and time of every spike; 0 by default.
        """
        beats = np.ascontiguousarray(codes, dtype=np.int16)
        if last is None:
            last = np.zeros(beats.shape, dtype=np.bool_)
            last[..., -1] = True
        if last.shape != beats.shape:
            raise ValueError(f"last must have the shape of codes, {beats.shape}, got {last.shape}")
        marks = np.ascontiguousarray(last, dtype=np.uint8)
        users = np.zeros(beats.shape, dtype=np.uint64)
        if events is not None:
            users[...] = (events[..., 0] | events[..., 1] << CHANNEL_BITS)[..., None]
        self._library.sim_feed(self._handle, *(array.ctypes.data for array in (beats, marks, users)), beats.size)
        self._fed += beats.size

    def run(self, frames: int) -> None:
        """Simulate until ``frames`` frames have left since reset.

        Raises:
            HangError, ProtocolError: they do not come; the output breaks AXI4-Stream's rules.
        """
        manifest = self.manifest
        slowness = 1 / ((1 - self._input.fraction) * (1 - self._output.fraction))
        alone = manifest.latency_cycles + manifest.cycles_per_block
        patience = int(2 * alone * slowness + 100 * max(self._input.length, self._output.length)) + self._check_cycles
        missing = max(frames - self.frames, 0)
        limit = patience + int(4 * slowness * (alone + missing * manifest.cycles_per_block))
        outcome = self._library.sim_advance(self._handle, frames, patience, limit)
        why = {STUCK: f"nothing moved for {patience} cycles", OUT_OF_CYCLES: f"not done after {limit} cycles"}
        if outcome in why:
            raise HangError(f"{why[outcome]}; {self._progress(frames)}")
        self._check_protocol(outcome)

    def step(self, cycles: int) -> None:
        """Simulate so many cycles, whatever happens.

        Raises:
            ProtocolError: the output breaks AXI4-Stream's rules.
        """
        self._check_protocol(self._library.sim_advance(self._handle, UNLIMITED, UNLIMITED, cycles))

    def _check_protocol(self, outcome: int) -> None:
        if outcome == UNSTABLE:
            byte, cycle = self.output_bytes.size, self.cycles
            raise ProtocolError(f"m_axis took back or changed byte {byte} before it was taken, cycle {cycle}")

    def _progress(self, frames: int) -> str:
        manifest = self.manifest
        sent = self.input_cycles.size
        block, beat = divmod(sent, manifest.spikes * manifest.samples)
        spike, sample = divmod(beat, manifest.samples)
        waiting = f"block {block}, spike {spike}, sample {sample} is not taken" if sent < self._fed else "all is taken"
        counts = [self._library.sim_transfers(self._handle, n) for n in range(len(manifest.taps))]
        stages = [
            f"{tap.stage} {count // tap.transfers_per_block} blocks + {count % tap.transfers_per_block}"
            f"/{tap.transfers_per_block}"
            for tap, count in zip(manifest.taps, counts, strict=True)
        ]
        return (
            f"cycle {self.cycles}: input: {waiting} ({sent} of {self._fed} beats); "
            f"output: {self.frames} of {frames} frames; transfers of each stage: {', '.join(stages)}"
        )

    @property
    def cycles(self) -> int:
        """Rising clock edges so far."""
        return int(self._library.sim_cycle(self._handle))

    @property
    def asleep(self) -> int:
        """Cycles since reset in which ``clock_request`` was low."""
        return int(self._library.sim_asleep(self._handle))

    @property
    def waiting(self) -> int:
        """Beats that were fed and not yet taken."""
        return self._fed - len(self.input_cycles)

    @property
    def frames(self) -> int:
        """Frames that have left since reset."""
        return int(self._library.sim_frames(self._handle))

    @property
    def input_cycles(self) -> NDArray[np.uint64]:
        """Cycle in which each input beat since reset was taken."""
        cycles = ctypes.POINTER(ctypes.c_uint64)()
        count = self._library.sim_input(self._handle, ctypes.byref(cycles))
        return copied(cycles, count, np.dtype(np.uint64))

    @property
    def output_bytes(self) -> NDArray[np.uint8]:
        """Bytes that have left since reset."""
        return self._output_arrays()[0]

    @property
    def byte_cycles(self) -> NDArray[np.uint64]:
        """Cycle in which each output byte left."""
        return self._output_arrays()[2]

    @property
    def frame_end_cycles(self) -> NDArray[np.uint64]:
        """Cycle in which the last byte of each frame left."""
        _, ends, cycles = self._output_arrays()
        last: NDArray[np.uint64] = cycles[ends != 0]
        return last

    @property
    def payloads(self) -> list[bytes]:
        """What the :attr:`packets` carry; where one is framed wrongly, all its bytes."""
        return [unframe(packet, number, self.manifest) for number, packet in enumerate(self.packets)]

    @property
    def packets(self) -> list[bytes]:
        """The whole packets that have left since reset, whatever is in them."""
        data, ends, _ = self._output_arrays()
        starts = np.concatenate([[0], np.flatnonzero(ends) + 1])
        return [data[first:last].tobytes() for first, last in pairwise(starts)]

    def _output_arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint64]]:
        data, ends = ctypes.POINTER(ctypes.c_uint8)(), ctypes.POINTER(ctypes.c_uint8)()
        cycles = ctypes.POINTER(ctypes.c_uint64)()
        count = self._library.sim_output(self._handle, ctypes.byref(data), ctypes.byref(ends), ctypes.byref(cycles))
        byte = np.dtype(np.uint8)
        return copied(data, count, byte), copied(ends, count, byte), copied(cycles, count, np.dtype(np.uint64))

    def take_taps(self, blocks: int) -> dict[str, NDArray[np.integer]]:
        """Remove the oldest ``blocks`` blocks from the taps' records.

        Returns:
            (blocks, transfers · elements) values of each stage, in the order of their transfers. A tap that holds
            fewer blocks gives what it has: (1, fewer values).
        """
        taken: dict[str, NDArray[np.integer]] = {}
        for number, tap in enumerate(self.manifest.taps):
            dtype = np.dtype(f"{'i' if tap.signed else 'u'}{1 if tap.width <= 8 else 4}")
            block = tap.transfers_per_block * tap.elements
            values = ctypes.POINTER(ctypes.c_uint8)()
            held = self._library.sim_tap(self._handle, number, ctypes.byref(values)) // dtype.itemsize
            count = min(held, blocks * block)
            flat = copied(values, count, dtype)
            self._library.sim_drop(self._handle, number, count * dtype.itemsize)
            taken[tap.stage] = flat.reshape(blocks if count == blocks * block else 1, -1)
        return taken

    @property
    def parameter_reads(self) -> dict[str, NDArray[np.uint64]]:
        """Reads of every word of each parameter memory by the encoder so far, (words,) by the memory's short name.

        Those of the checks between blocks are not among them.
        """
        return {
            memory.short_name: copied(self._library.sim_reads(self._handle, number), memory.words, np.dtype(np.uint64))
            for number, memory in enumerate(self._counted)
        }

    def flip(self, memory: str, word: int, bit: int) -> int:
        """Flip a bit of a loaded parameter through the back door; it stays flipped, through resets too.

        Args:
            memory: its name in the manifest.
            word: its address.
            bit: 0 is the lowest.

        Returns:
            The bit's new value.

        Raises:
            ValueError: there is no such bit.
        """
        scope = f"{self._chip}{memory}".encode()
        value = int(self._library.sim_flip(self._handle, scope, MEMORY_VARIABLE.encode(), word, bit))
        if value < 0:
            known = ", ".join(memory.name for memory in self._counted if memory.kind == "ram") or "built in"
            raise ValueError(f"no bit {bit} of word {word} in memory {memory!r} (parameters: {known})")
        return value

    def preset(self, unit: str, register: str, value: int) -> None:
        """Set a register through the back door, as if the chip had run for long.

        Args:
            unit: where it is, as the manifest names units, such as ``supervisor``; empty for the chip itself.
            register: its name; of 64 bits at most.
            value: its new value.

        Raises:
            ValueError: the library was not built with this register open.
        """
        scope = f"{self._chip}chip{'.' if unit else ''}{unit}".encode()
        if not self._library.sim_preset(self._handle, scope, register.encode(), value):
            raise ValueError(f"no register {register!r} in {unit or 'the chip'!r} is open; build the library with it")


def unframe(packet: bytes, sequence: int, manifest: Manifest) -> bytes:
    """Payload of a packet of one block, or the whole packet where a byte of its frame is not as it should be: that of
    any of the chip's operating points."""
    payload = packet[HEADER_BYTES:-TRAILER_BYTES]
    if not 0 < len(payload) <= MAX_PAYLOAD:
        return packet
    for own in (manifest.spec_hash, *manifest.point_hashes):
        header = Header(sequence=sequence % (1 << 16), tag=int(own[:4], 16), count=1, length=len(payload))
        if frame(header, payload) == packet:
            return payload
    return packet
