"""``manifest.json``: what was emitted, where its taps and memories are, and what it promises."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from rtl.shape.memory_use import MemoryUse
from spikecae.design import BlockKind
from spikecae.design.hardware import MacroRows

__all__ = ["STORE", "Manifest", "Memory", "MemoryRole", "Port", "Tap", "Unit"]

STORE = "chip.encoder.store"
"""Instance, below the encoder's top level, that holds all parameter memories, each by its own name."""

MemoryRole = Literal["parameters", "buffer"]
"""What a memory is for: weights and tables; or data, partial sums and events that wait."""


class Record(BaseModel):
    """An immutable entry; unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Port(Record):
    """A pin of the top level."""

    name: str
    direction: Literal["in", "out"]
    width: int


class Memory(Record):
    """A memory: the instance that holds it (dotted path below the top), and the array's name in there. Of one that is
    never written, that name is an instance's, which has a case for every word."""

    name: str
    array: str
    words: int
    width: int
    kind: Literal["rom", "ram"]
    ports: int = 2
    """Accesses that come in one cycle, at most."""
    write_bits: int | None = None
    """Fewest bits that are written by themselves, where these are not whole words."""
    busy: bool = False
    """Read and written in nearly every cycle."""
    rare: bool = False
    """Read and written in few cycles."""
    immediate: bool = False
    """Read without a clock."""

    @property
    def bits(self) -> int:
        """Size."""
        return self.words * self.width

    @property
    def role(self) -> MemoryRole:
        """What it is for. Its place tells."""
        return "parameters" if f"{STORE}." in self.name else "buffer"

    @property
    def short_name(self) -> str:
        """Of a parameter memory: the name that the plan's tables and the register map give it."""
        return self.name.rpartition(".")[2]

    @property
    def use(self) -> MemoryUse:
        """As the rule for macros asks for it."""
        return MemoryUse(
            words=self.words,
            width=self.width,
            ports=self.ports,
            write_bits=None if self.kind == "rom" else self.write_bits or self.width,
            busy=self.busy,
            rare=self.rare,
            immediate=self.immediate,
        )


class Unit(Record):
    """A part that can be synthesized alone."""

    name: str
    module: str
    multipliers: int
    macs_per_block: int
    moving: bool = False
    """Whether both factors of its products change from one to the next; else one stands still for many."""


Order = Literal["group_time_channel", "time_channel", "channel_time", "vector"]


class Tap(Record):
    """A stream inside the chip whose transfers equal a tensor of the golden model.

    A transfer (``valid`` and ``ready`` at a rising clock edge) carries ``elements`` values of ``width`` bits,
    the first in the lowest bits of ``payload``. ``order`` says how the golden tap (channels, samples) is walked:
    ``group_time_channel``, ``time_channel``, ``channel_time``, or ``vector``.
    """

    stage: str
    instance: str
    valid: str
    ready: str
    payload: str
    payload_width: int
    elements: int
    width: int
    signed: bool
    transfers_per_block: int
    order: Order


class Manifest(Record):
    """Everything that tools behind the generator need to know about the emitted Verilog."""

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    point_hashes: list[str] = []
    """Of the specs of further operating points."""
    top: str
    verilog: str
    files: list[str]
    """What lies beside the Verilog."""
    compressor: str | None
    """Verilog of the encoder behind a spike detector, where the design has one."""
    memories_in_layout: str
    """``inferred``, ``registers``, or the process whose macros they are."""
    layout_verilog: str
    """What a layout is made from: the same, or Verilog with macros or flip-flops for memories."""
    macro_rows: MacroRows
    """Which macros hold a memory, in there or where it is mapped."""
    macros: dict[str, int]
    """Macros in there, by name."""
    models: str | None
    """Verilog of these macros, to simulate with."""
    block: BlockKind
    """What a block's spikes are."""
    spikes: int
    samples: int
    groups: int
    fold: int
    parameters: Literal["ram", "rom"]
    packet_blocks: int
    packet_buffer_bytes: int
    ports: list[Port]
    units: list[Unit]
    memories: list[Memory]
    taps: list[Tap]
    multipliers: int
    search_multipliers: int
    utilisation: float
    cycles_per_block: int
    latency_cycles: int
