"""Which stages a command runs, and on what.

``all`` makes everything consistent, from the data on. A single stage works on what the build folder holds, and first
makes only what it cannot do without. Hence ``rtl`` in a fresh checkout takes the shipped spec and needs no training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from flow.layout import Layout
from flow.origin import (
    NOTHING_ASKED,
    Asked,
    Recording,
    Trained,
    is_interrupted,
    load_origin,
    resolve,
    save_origin,
    training_held,
)
from flow.runner import run_task
from flow.stages.codec import plan_codec
from flow.stages.data import SECTIONS, count_test_blocks, plan_data
from flow.stages.place import plan_place
from flow.stages.power import plan_implant, plan_power
from flow.stages.quantize import plan_quantize
from flow.stages.report import plan_report
from flow.stages.rtl import plan_rtl
from flow.stages.sim import plan_sim
from flow.stages.synth import plan_synth
from flow.stages.testbench import plan_testbench
from flow.stages.train import plan_shipped, plan_train
from flow.stale import changed_settings, require_current, require_data_at_hand, require_spec_of_design
from flow.task import Task
from synth.power.blocks_needed import blocks_needed

__all__ = ["Asked", "Chain", "StageName"]

StageName = Literal[
    "data", "train", "quantize", "rtl", "sim", "testbench", "synth", "place", "power", "codec", "report"
]
OF_A_SPEC: tuple[StageName, ...] = ("rtl", "sim", "testbench", "synth", "place", "power", "codec", "report")
"""Those that work on a spec that is there."""
USUAL_BLOCKS = 256
"""Simulated where nothing is said, as far as there are so many."""


@dataclass(frozen=True)
class Chain:
    """The stages of one design with what the command line said about them."""

    layout: Layout
    console: Console
    asked: Asked = NOTHING_ASKED
    epochs: int | None = None
    from_shipped: bool = False
    """Whether a training begins with the weights that come with the design."""
    blocks: int | Literal["all"] | None = None
    """To simulate; None: as many as is usual."""
    measured: int = 4
    """Blocks, gate by gate."""
    waves: bool = False
    cocotb: bool = False
    target: str = "generic"
    placed: bool = False
    whole: bool = False

    def run(self, stage: StageName) -> bool:
        """Run one stage; whether anything was done."""
        self._require_epochs()
        if stage in OF_A_SPEC:
            require_spec_of_design(self.layout)
        match stage:
            case "data":
                return self._data()
            case "train":
                return self._data() | self._trained(self._epochs_to_train, from_shipped=self._starts_shipped)
            case "quantize":
                done = self._data_at_hand()
                if self._says_what_to_train or not (self.layout.model / "checkpoint.safetensors").is_file():
                    done |= self._weights()
                return done | self._quantized()
            case "rtl":
                return self._rtl()
            case "sim":
                return self._data_to_simulate(self._data_at_hand) | self._rtl() | self._simulated()
            case "testbench":
                return self._data_at_hand() | self._rtl() | self._do(plan_testbench(self.layout))
            case "synth":
                plan = plan_synth(self.layout, self.target, whole=self.whole)  # a target that cannot be is told first
                return self._rtl() | self._do(plan)
            case "place":
                plan = plan_place(self.layout, self.target, whole=self.whole)  # what is missing is told first
                return self._data_at_hand() | self._rtl() | self._synthesized() | self._do(plan)
            case "power":
                plans = [plan_place(self.layout, self.target, whole=self.whole)] if self.placed else []
                plans.append(self._power())
                done = self._data_at_hand()
                if not self.whole:
                    blocks_needed(self.measured, count_test_blocks(self.layout))
                done |= self._rtl() | self._synthesized()
                for plan in plans:
                    done |= self._do(plan)
                return done
            case "codec":
                return self._do(plan_codec(self.layout))
            case "report":
                remedy = self.layout.make(TARGET=self._target_said)
                for plan in (plan_rtl(self.layout), plan_synth(self.layout, self.target)):
                    require_current(plan, self.layout, remedy)
                for plan in (plan_quantize(self.layout), plan_sim(self.layout, USUAL_BLOCKS, self.waves, self.cocotb)):
                    require_data_at_hand(plan, self.layout, remedy)
                return self._reported()

    def run_all(self) -> bool:
        """Run every stage, from the data on; whether anything was done."""
        self._require_epochs()
        plan_synth(self.layout, self.target)  # a target that cannot be is told first
        done = self._data_to_simulate(self._data) | self._weights() | self._quantized() | self._rtl()
        return done | self._simulated() | self._synthesized() | self._reported()

    def _require_epochs(self) -> None:
        """A training that cannot be is told before anything else."""
        if self.epochs is not None or self.from_shipped:
            plan_train(self.layout, self.epochs, from_shipped=self.from_shipped)

    @property
    def _target_said(self) -> str | None:
        return None if self.target == Chain.target else self.target

    def _do(self, task: Task) -> bool:
        return run_task(task, self.layout.build, self.console)

    @property
    def _recording(self) -> Recording:
        return resolve(self.layout, self.asked)

    @property
    def _held(self) -> Trained | None:
        """The training to go on with, if the build folder has one."""
        return None if self.asked.replace else training_held(self.layout, load_origin(self.layout))

    @property
    def _says_what_to_train(self) -> bool:
        return self.asked.data is not None or self.epochs is not None or self.from_shipped or self.asked.replace

    @property
    def _epochs_to_train(self) -> int | None:
        """Of an interrupted training, unless others are asked for."""
        held = self._held
        return held.epochs if self.epochs is None and held and is_interrupted(self.layout) else self.epochs

    @property
    def _starts_shipped(self) -> bool:
        """The same of where it begins."""
        held = self._held
        return self.from_shipped or (held is not None and is_interrupted(self.layout) and held.from_shipped)

    def _data(self) -> bool:
        """The spikes of the recording that is asked for, else of the one that the build folder is of."""
        if self.asked.data is not None:
            plan_data(self.layout, self.asked.data, self.asked.opening)  # what cannot be read is told first
        recording = self._recording
        if self.asked.data is None and recording.data is not None:
            self._say("data", f"going on with {recording}, which {self.layout.build} is of")
            if not recording.data.exists() and (self.layout.data / "data.json").is_file():
                self._say("data", f"{recording.data} is not there any more; taking the spikes in {self.layout.data}")
                return False
        done = self._do(plan_data(self.layout, recording.data, recording.opening))
        save_origin(self.layout, load_origin(self.layout).model_copy(update={"recording": recording}))
        return done

    def _data_at_hand(self) -> bool:
        """The data set that the build folder holds, unless another is asked for, or the design now cuts others."""
        if self.asked == NOTHING_ASKED:
            changed = changed_settings(plan_data(self.layout, None), self.layout)
            cut_otherwise = any(key.split(".")[0] in SECTIONS for key, _, _ in changed)
            if (self.layout.data / "data.json").is_file() and not cut_otherwise:
                return False
        return self._data()

    def _say(self, stage: str, text: str) -> None:
        self.console.print(f"{stage:<9} {text}", markup=False, highlight=False, soft_wrap=True)

    def _data_to_simulate(self, make: Callable[[], bool]) -> bool:
        """The data set; how many of its blocks are simulated is settled before the work."""
        done = make()
        if self._blocks < USUAL_BLOCKS and self.blocks is None:
            self._say("sim", f"the test split has {self._blocks} blocks: all of them are simulated")
        return done

    @property
    def _blocks(self) -> int:
        """Test blocks to simulate.

        Raises:
            ValueError: more are asked for than there are.
        """
        available = count_test_blocks(self.layout)
        if self.blocks == "all":
            return available
        if self.blocks is None:
            return min(USUAL_BLOCKS, available)
        if self.blocks > available:
            raise ValueError(
                f"BLOCKS={self.blocks}: the test split has {available} blocks; ask for no more, or for BLOCKS=all"
            )
        return self.blocks

    def _trained(self, epochs: int | None, *, from_shipped: bool) -> bool:
        begun = Trained(recording=self._recording, epochs=epochs, from_shipped=from_shipped)
        save_origin(self.layout, load_origin(self.layout).model_copy(update={"trained": begun}))
        return self._do(plan_train(self.layout, epochs, from_shipped=from_shipped))

    def _weights(self) -> bool:
        """Those trained here, if there are any; the shipped ones, unless something is said of a training."""
        held = self._held
        if held is not None:
            if not self._says_what_to_train:
                self._say("train", f"going on with the training on {held.recording} that {self.layout.build} holds")
            epochs = held.epochs if self.epochs is None else self.epochs
            return self._trained(epochs, from_shipped=self.from_shipped or held.from_shipped)
        said = self.asked.data is not None or self.epochs is not None or self.from_shipped
        if self.layout.ships_weights and not said:
            return self._do(plan_shipped(self.layout))
        return self._trained(self.epochs, from_shipped=self.from_shipped)

    def _quantized(self) -> bool:
        return self._do(plan_quantize(self.layout))

    def _rtl(self) -> bool:
        return self._do(plan_rtl(self.layout))

    def _simulated(self) -> bool:
        return self._do(plan_sim(self.layout, self._blocks, self.waves, self.cocotb))

    def _synthesized(self) -> bool:
        return self._do(plan_synth(self.layout, self.target, whole=self.whole))

    def _power(self) -> Task:
        if self.whole:
            return plan_implant(self.layout, self.target, placed=self.placed)
        return plan_power(self.layout, self.target, self.measured, placed=self.placed)

    def _reported(self) -> bool:
        return self._do(plan_report(self.layout, self.target))
