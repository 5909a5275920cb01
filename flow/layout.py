"""Where things lie: the design's inputs under ``designs/``, its outputs under ``build/<design>/``."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from spikecae.design import Design, load_design
from synth.targets.find import target_name, with_macros

__all__ = ["SOURCES", "Layout"]

SOURCES = Path(__file__).resolve().parent.parent
"""The folder that the packages lie in."""


@dataclass(frozen=True)
class Layout:
    """Paths of one design, relative to the current directory (so that messages stay short)."""

    name: str

    @property
    def toml(self) -> Path:
        """The design file."""
        return Path("designs") / f"{self.name}.toml"

    @cached_property
    def design(self) -> Design:
        """The design, read and checked when first asked for."""
        return load_design(self.toml, macro_processes=with_macros())

    @property
    def shipped(self) -> Path:
        """Folder of the weights and the spec that come with the design."""
        return Path("designs") / self.name

    @property
    def build(self) -> Path:
        """Folder of everything made."""
        return Path("build") / self.name

    @property
    def data(self) -> Path:
        """Spikes, cut, converted and split."""
        return self.build / "data"

    @property
    def model(self) -> Path:
        """Float weights and their figures."""
        return self.build / "model"

    @property
    def quantize(self) -> Path:
        """The encoder spec and its figures."""
        return self.build / "quantize"

    @property
    def rtl(self) -> Path:
        """Verilog and manifest."""
        return self.build / "rtl"

    @property
    def sim(self) -> Path:
        """Simulation results."""
        return self.build / "sim"

    def synth(self, target: str) -> Path:
        """Synthesis results for one target."""
        return self.build / "synth" / target_name(target)

    def power(self, target: str) -> Path:
        """Power of the netlist for one target."""
        return self.build / "power" / target_name(target)

    @property
    def codec(self) -> Path:
        """The encoder spec and the decoder network, for the host."""
        return self.build / "codec"

    @property
    def spec(self) -> Path:
        """Folder of the spec to work with: the one made here if there is one, else the shipped one."""
        return self.quantize if (self.quantize / "spec.json").is_file() else self.shipped

    @property
    def ships_weights(self) -> bool:
        """Whether trained weights come with the design."""
        return (self.shipped / "model.safetensors").is_file()
