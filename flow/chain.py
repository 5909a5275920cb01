"""Which stages a command runs, and on what.

``all`` makes everything consistent, from the data on. A single stage works on what the build folder holds, and first
makes only what it cannot do without. Hence ``rtl`` in a fresh checkout takes the shipped spec and needs no training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from flow.layout import Layout
from flow.runner import run_task
from flow.stages.codec import plan_codec
from flow.stages.data import UNSAID, Opening, count_test_blocks, plan_data
from flow.stages.power import plan_power
from flow.stages.quantize import plan_quantize
from flow.stages.report import plan_report
from flow.stages.rtl import plan_rtl
from flow.stages.sim import plan_sim
from flow.stages.synth import plan_synth
from flow.stages.train import plan_shipped, plan_train
from flow.stale import require_current, require_spec_of_design
from flow.task import Task
from synth.power.blocks_needed import blocks_needed

__all__ = ["Chain", "StageName"]

StageName = Literal["train", "quantize", "rtl", "sim", "synth", "power", "codec", "report"]
OF_A_SPEC: tuple[StageName, ...] = ("rtl", "sim", "synth", "power", "codec", "report")
"""Those that work on a spec that is there."""


@dataclass(frozen=True)
class Chain:
    """The stages of one design with what the command line said about them."""

    layout: Layout
    console: Console
    data: Path | None = None
    epochs: int | None = None
    blocks: int = 256
    waves: bool = False
    cocotb: bool = False
    target: str = "generic"
    opening: Opening = UNSAID

    def run(self, stage: StageName) -> bool:
        """Run one stage; whether anything was done."""
        if stage in OF_A_SPEC:
            require_spec_of_design(self.layout)
        match stage:
            case "train":
                return self._data() | self._trained()
            case "quantize":
                done = self._data_at_hand()
                if not (self.layout.model / "checkpoint.safetensors").is_file():
                    done |= self._weights()
                return done | self._quantized()
            case "rtl":
                return self._rtl()
            case "sim":
                return self._data_to_simulate(self._data_at_hand) | self._rtl() | self._simulated()
            case "synth":
                plan_synth(self.layout, self.target)  # a target that cannot be is told first
                return self._rtl() | self._synthesized()
            case "power":
                plan = plan_power(self.layout, self.target, self.blocks)  # what is missing is told first
                done = self._data_at_hand()
                blocks_needed(self.blocks, count_test_blocks(self.layout))
                return done | self._rtl() | self._synthesized() | self._do(plan)
            case "codec":
                return self._do(plan_codec(self.layout))
            case "report":
                remedy = self.layout.make(TARGET=self._target_said)
                for plan in (plan_rtl(self.layout), plan_synth(self.layout, self.target)):
                    require_current(plan, self.layout, remedy)
                return self._reported()

    def run_all(self) -> bool:
        """Run every stage, from the data on; whether anything was done."""
        plan_synth(self.layout, self.target)  # a target that cannot be is told first
        done = self._data_to_simulate(self._data) | self._weights() | self._quantized() | self._rtl()
        return done | self._simulated() | self._synthesized() | self._reported()

    @property
    def _target_said(self) -> str | None:
        return None if self.target == Chain.target else self.target

    def _do(self, task: Task) -> bool:
        return run_task(task, self.layout.build, self.console)

    def _data(self) -> bool:
        return self._do(plan_data(self.layout, self.data, self.opening))

    def _data_at_hand(self) -> bool:
        """The data set that the build folder holds, unless another is asked for."""
        if self.data is None and (self.layout.data / "data.json").is_file():
            return False
        return self._data()

    def _data_to_simulate(self, make: Callable[[], bool]) -> bool:
        """The data set; where it has fewer blocks than are asked for, that is said before the work."""
        done = make()
        available = count_test_blocks(self.layout)
        if available < self.blocks:
            self.console.print(f"{self.blocks} test blocks asked for, {available} are there: all of them are simulated")
        return done

    def _trained(self) -> bool:
        return self._do(plan_train(self.layout, self.epochs))

    def _weights(self) -> bool:
        """The shipped weights, unless data or epochs to train with are given."""
        if self.layout.ships_weights and self.data is None and self.epochs is None:
            return self._do(plan_shipped(self.layout))
        return self._trained()

    def _quantized(self) -> bool:
        return self._do(plan_quantize(self.layout))

    def _rtl(self) -> bool:
        return self._do(plan_rtl(self.layout))

    def _simulated(self) -> bool:
        return self._do(plan_sim(self.layout, self.blocks, self.waves, self.cocotb))

    def _synthesized(self) -> bool:
        return self._do(plan_synth(self.layout, self.target))

    def _reported(self) -> bool:
        return self._do(plan_report(self.layout, self.target))
