"""The units of an encoder as :mod:`rtl.shape.timing` sees them: who waits for whom, and for how long."""

from collections.abc import Sequence
from typing import Protocol

from rtl.shape.frame import HEADER_BYTES, TRAILER_BYTES
from rtl.shape.products import DotPlan
from rtl.shape.search_plan import SearchPlan

__all__ = [
    "Clock",
    "Convolution",
    "Loader",
    "Projector",
    "Register",
    "Residual",
    "Search",
    "Shadow",
    "TimingPart",
    "Writer",
]


class TimingPart(Protocol):
    """A unit between input buffer and writer."""

    @property
    def valid(self) -> bool:
        """Whether it offers something."""

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        """One cycle, given whether what it offers is taken, and whether something is offered to it; whether it takes
        that."""


class Counter:
    """Counts down, one a cycle; at 1 its next step does something else than counting."""

    left = 1


class Clock:
    """What happened in this cycle: whether anything moved, and what merely counted."""

    def __init__(self) -> None:
        self.cycle = 0
        self.moved = False
        self.counting: list[Counter] = []

    def count(self, counter: Counter) -> bool:
        """One step of a counter; whether it was its last."""
        if counter.left == 1:
            self.moved = True
            return True
        counter.left -= 1
        self.counting.append(counter)
        return False

    def advance(self) -> bool:
        """On to the next cycle in which something moves; False if nothing ever will."""
        skipped = 0
        if not self.moved:
            if not self.counting:
                return False
            skipped = min(counter.left for counter in self.counting) - 1
            for counter in self.counting:
                counter.left -= skipped
        self.cycle += 1 + skipped
        self.moved = False
        self.counting.clear()
        return True


class Shadow:
    """A set of parameter registers: how many words, and whether the next set waits."""

    def __init__(self, words: int) -> None:
        self.words = words
        self.full = False


class Loader(Counter):
    """:class:`rtl.memory.parameter_memory.WordLoop` and :class:`rtl.units.distributor.Distributor`: a word a cycle, set
    after set in order."""

    def __init__(self, clock: Clock, shadows: list[Shadow]) -> None:
        self._clock = clock
        self._shadows = shadows
        self._receiver = 0
        self.left = shadows[0].words

    def step(self) -> None:
        shadow = self._shadows[self._receiver]
        if not shadow.full and self._clock.count(self):
            shadow.full = True
            self._receiver = (self._receiver + 1) % len(self._shadows)
            self.left = self._shadows[self._receiver].words


class Register:
    """A unit that makes one output of every ``size`` inputs, behind one register."""

    def __init__(self, clock: Clock, size: int) -> None:
        self._clock = clock
        self._size = size
        self._count = 0
        self.valid = False

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        ready = out_ready or not self.valid
        if in_valid and ready:
            self._count = (self._count + 1) % self._size
            self.valid = self._count == 0
            self._clock.moved = True
        elif out_ready and self.valid:
            self.valid = False
            self._clock.moved = True
        return ready


class Window:
    """:class:`rtl.units.window.SlidingWindow` of a kernel above 1."""

    def __init__(self, clock: Clock, kernel: int, samples: int) -> None:
        self._clock = clock
        self._pending = [False] * (kernel // 2)
        self._samples = samples
        self._arrived = 0
        self.valid = False

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        free = out_ready or not self.valid
        if free and (in_valid or (self._arrived == 0 and any(self._pending))):
            line = [in_valid, *self._pending]
            self.valid, self._pending = line[-1], line[:-1]
            self._arrived = (self._arrived + in_valid) % self._samples
            self._clock.moved = True
        elif out_ready and self.valid:
            self.valid = False
            self._clock.moved = True
        return free


class Dot(Counter):
    """:class:`rtl.units.dot_product.DotProduct`."""

    def __init__(self, clock: Clock, plan: DotPlan, shadows: list[Shadow]) -> None:
        self._clock = clock
        self._plan = plan
        self._shadows = [] if plan.direct else shadows
        self._loaded = plan.direct
        self._output, self._vector = 0, 0
        self.left = plan.input_steps
        self.valid = False

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        """Whether the input vector is used up in this cycle."""
        run = in_valid and self._loaded and (out_ready or not self.valid)
        if out_ready and self.valid:
            self.valid = False
            self._clock.moved = True
        vector_end = group_end = False
        if run and self._clock.count(self):
            self.left = self._plan.input_steps
            self.valid = True
            self._output = (self._output + 1) % self._plan.output_steps
            if self._output == 0:
                vector_end = True
                self._vector = (self._vector + 1) % self._plan.samples
                group_end = self._vector == 0
        if (group_end or not self._loaded) and all(shadow.full for shadow in self._shadows):
            for shadow in self._shadows:
                shadow.full = False
            self._loaded = True
            self._clock.moved = True
        elif group_end:
            self._loaded = False
        return vector_end


class Convolution:
    """:class:`rtl.units.convolution.Convolution`, or the projector's window and product, where nothing is requantized.

    Cycles
    ------
    Latency: ``plan.steps + 2`` cycles from the last sample of a window.
    Throughput: a sample every ``plan.steps`` cycles.
    """

    def __init__(self, clock: Clock, plan: DotPlan, shadows: list[Shadow], *, requantized: bool) -> None:
        kernel = plan.layer.kernel
        self._window = Register(clock, 1) if kernel == 1 else Window(clock, kernel, plan.samples)
        self._dot = Dot(clock, plan, shadows)
        self._requantizer = Register(clock, plan.output_steps) if requantized else None
        self.consumed = False

    @property
    def valid(self) -> bool:
        return (self._requantizer or self._dot).valid

    def step(self, out_ready: bool, in_valid: bool, identity: bool = True) -> bool:
        if self._requantizer is not None:
            out_ready = self._requantizer.step(out_ready, self._dot.valid)
        self.consumed = self._dot.step(out_ready, self._window.valid and identity)
        return self._window.step(self.consumed, in_valid)


class Projector:
    """:class:`rtl.units.projector.Projector`: only the last channel group's sums leave."""

    def __init__(self, clock: Clock, plan: DotPlan, shadows: list[Shadow]) -> None:
        held = Convolution(clock, plan, shadows, requantized=False)
        self._dots: Dot | Convolution = Dot(clock, plan, shadows) if plan.direct else held
        transfers = plan.output_steps * (1 if plan.direct else plan.samples)
        self._passed = (plan.groups - 1) * transfers
        self._block = plan.groups * transfers
        self._sums = 0

    @property
    def valid(self) -> bool:
        return self._dots.valid and self._sums >= self._passed

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        taken = self._sums < self._passed or out_ready
        if self._dots.valid and taken:
            self._sums = (self._sums + 1) % self._block
        return self._dots.step(taken, in_valid)


class Residual:
    """:class:`rtl.units.residual_block.ResidualBlock`."""

    def __init__(self, convolutions: list[Convolution], depth: int) -> None:
        self._reduce, self._conv, self._expand = convolutions
        self._depth = depth
        self._level = 0

    @property
    def valid(self) -> bool:
        return self._expand.valid

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        room = self._level < self._depth
        ready = self._expand.step(out_ready, self._conv.valid, self._level > 0)
        ready = self._conv.step(ready, self._reduce.valid)
        ready = self._reduce.step(ready, in_valid and room) and room
        self._level += (in_valid and ready) - self._expand.consumed
        return ready


class Search(Counter):
    """:class:`rtl.search.vector_search.VectorSearch`, given a block's latents in so many ``transfers``."""

    def __init__(self, clock: Clock, plan: SearchPlan, transfers: int) -> None:
        self._clock = clock
        self._plan = plan
        self._codeword = Shadow(plan.record_words)
        self._words = Loader(clock, [self._codeword])
        self._transfers = transfers
        self._taken, self._pass, self._codewords, self._emitted = 0, 0, 0, 0
        self._full = self._loaded = self._emitting = self._scored = False
        self.left = self._codeword_cycles
        self.valid = False

    @property
    def _codeword_cycles(self) -> int:
        return self._plan.rows(self._plan.passes[self._pass]) * self._plan.chunks

    def step(self, out_ready: bool, in_valid: bool) -> bool:
        now = self._plan.passes[self._pass]
        scored, self._scored = self._scored, False
        codeword_end = pass_end = False
        ready = not self._full
        done = False
        if self.valid and out_ready:
            self._clock.moved = True
            self._emitted += 1
            if self._emitted == now.count:
                self._emitted, self.valid = 0, False
                self._pass = (self._pass + 1) % len(self._plan.passes)
                self.left = self._codeword_cycles
                done = self._pass == 0
                self._emitting = False
        elif self._full and not self._emitting and self._loaded and self._clock.count(self):
            self.left = self._codeword_cycles
            codeword_end = True
            self._codewords = (self._codewords + 1) % now.codewords
            pass_end = self._codewords == 0
        if self._codeword.full and (codeword_end or not self._loaded):
            self._codeword.full, self._loaded, self._clock.moved = False, True, True
        elif codeword_end:
            self._loaded = False
        self._words.step()
        if scored:
            self.valid, self._clock.moved = True, True
        if pass_end:
            self._emitting = self._scored = True
        if in_valid and ready:
            self._clock.moved = True
            self._taken += 1
            if self._taken == self._transfers:
                self._taken, self._full = 0, True
        if done:
            self._full = False
        return ready


class Writer(Counter):
    """:class:`rtl.packets.block_writer.BlockWriter` and :class:`rtl.packets.packetizer.Packetizer`, one block a
    packet."""

    def __init__(self, clock: Clock, spikes: int, code_bits: Sequence[float]) -> None:
        self._clock = clock
        self._events_cycles = spikes + 2
        self._code_bits = code_bits
        self._fraction, self._bits, self._bytes, self._position = 0.0, 0, 0, 0
        self._code = False
        self._writing, self._sending = "between", "fill"
        self._sender = Counter()
        self.ends: list[int] = []

    def step(self, in_valid: bool) -> bool:
        """Whether an index is taken in this cycle."""
        clock = self._clock
        pad = self._sending == "finish" and self._writing == "between"
        byte_waits = self._bits >= 8 or (pad and self._bits > 0)
        held = self._sending != "fill"
        emptied = pad and self._bits == 0
        ready = not self._code
        block_end = code_taken = False
        if self._writing == "between" and self._code and not held:
            self._writing, self.left, clock.moved = "events", self._events_cycles, True
        elif self._writing == "events" and clock.count(self):
            self._writing = "codes"
        elif self._writing == "codes" and self._code and not byte_waits:
            code_taken, clock.moved = True, True
            self._fraction += self._code_bits[self._position]
            bits = int(self._fraction)
            self._fraction -= bits
            self._bits += bits
            self._position = (self._position + 1) % len(self._code_bits)
            if self._position == 0:
                block_end, self._writing = True, "between"
        if byte_waits and self._sending in ("fill", "finish"):
            self._bits, self._bytes, clock.moved = max(self._bits - 8, 0), self._bytes + 1, True
        if in_valid and ready:
            self._code, clock.moved = True, True
        elif code_taken:
            self._code = False
        if block_end:
            self._sending = "finish"
        elif emptied:
            self._sending, clock.moved = "send", True
            self._sender.left = HEADER_BYTES + self._bytes + TRAILER_BYTES
        elif self._sending == "send" and clock.count(self._sender):
            self._sending, self._bytes = "fill", 0
            self.ends.append(clock.cycle)
        return ready
