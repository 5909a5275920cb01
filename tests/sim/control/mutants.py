"""Chips with a fault in their control: the emitted hardware of a module whose text is changed in one place."""

import importlib
import inspect
from dataclasses import dataclass
from types import ModuleType

import pytest

from tests.sim.control.chips import EVENTS

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True)
class Mutant:
    """What is changed in which module, and where the changed component is put in.

    ``kind`` of scripts, and ``chip``, in which the fault must be seen.
    """

    name: str
    module: str
    component: str
    user: str
    old: str
    new: str
    chip: str
    kind: str = "calm"

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        """From now on, chips are made with it."""
        original = importlib.import_module(self.module)
        text = inspect.getsource(original)
        assert text.count(self.old) == 1, f"{self.module} has {text.count(self.old)} times: {self.old}"
        changed = ModuleType(self.module)
        exec(compile(text.replace(self.old, self.new), f"<{self.name}>", "exec"), vars(changed))
        patch.setattr(importlib.import_module(self.user), self.component, getattr(changed, self.component))


CHIP = ("rtl.chip", "Chip", "rtl.spike_encoder")
REGISTERS = ("rtl.host.registers", "Registers", "rtl.chip")
SPIKES, POINTS = "spikes built in", "points loaded"
MUTANTS = (
    Mutant(
        "sidecar is live",
        *CHIP,
        "settings.packet_blocks, settings.sidecar",
        "settings.packet_blocks, registers.sidecar",
        SPIKES,
    ),
    Mutant("tag is live", *CHIP, "packetizer.tag.eq(settings.tag)", "packetizer.tag.eq(asked.tag)", POINTS),
    Mutant(
        "packet_blocks is live",
        *CHIP,
        "raw, blocks, sidecar = settings.raw, settings.packet_blocks",
        "raw, blocks, sidecar = settings.raw, registers.packet_blocks",
        SPIKES,
    ),
    Mutant(
        "raw is taken while running",
        *REGISTERS,
        "with m.If(self.halted):\n                m.d.sync += raw",
        "with m.If(1):\n                m.d.sync += raw",
        SPIKES,
    ),
    Mutant(
        "what is held at a failed check is vouched for",
        *CHIP,
        "supervisor.failed | replaced",
        "Const(0)",
        POINTS,
        "faults",
    ),
    Mutant(
        "a flush starves", *CHIP, "self.supervisor.stopping | self.registers.flush", "self.supervisor.stopping", SPIKES
    ),
    Mutant(
        "a timeout comes while a sample waits",
        *CHIP,
        "timeout.restart.eq(spike_end | self.s_axis_tvalid)",
        "timeout.restart.eq(spike_end)",
        POINTS,
    ),
    Mutant("0 is accepted", *REGISTERS, "(self.bus.write_data >= low) & below if low else below", "below", SPIKES),
    Mutant(
        "a part of a word is accepted",
        *REGISTERS,
        "bus.write & ~bus.part & ~in_window",
        "bus.write & ~in_window",
        SPIKES,
    ),
    Mutant(
        "parameters are written while running",
        *REGISTERS,
        "bus.part | ~self.halted | absent",
        "bus.part | absent",
        POINTS,
    ),
    Mutant(
        "a refused write is not counted",
        *CHIP,
        "axi_lite.bus.write & axi_lite.bus.error",
        "axi_lite.bus.write & axi_lite.bus.error & axi_lite.bus.part",
        SPIKES,
    ),
    Mutant(
        "a spike of the wrong length is not counted",
        *CHIP,
        "encoder.wrong_end | raw_path.wrong_end",
        "raw_path.wrong_end",
        SPIKES,
    ),
    Mutant(
        "an event with a spike of the wrong length is coded",
        *("rtl.units.input_buffer", "InputBuffer", "rtl.encoder"),
        "good = fits & ~broken",
        "good = fits",
        EVENTS,
    ),
    Mutant("an event of another time cuts none short", *CHIP, " | intake.cut)", ")", EVENTS),
)
"""Faults that chips had, or that are easily made."""
