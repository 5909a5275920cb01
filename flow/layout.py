"""Where things lie: the design's inputs under ``designs/``, its outputs under ``build/<design>/``."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from spikecae.design import Design, load_design
from spikecae.design.point_folder import point_folder
from synth.targets.find import target_name, with_macros

__all__ = ["BUILD", "DESIGNS", "SOURCES", "Layout", "find_layout"]

SOURCES = Path(__file__).resolve().parent.parent
"""The folder that the packages lie in."""
DESIGNS = Path("designs")
BUILD = Path("build")
WHOLE = "-whole"
"""Behind a target's name: of encoder and front end."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Of a design."""
BUILD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Layout:
    """Paths of one design, relative to the current directory (so that messages stay short).

    :func:`find_layout` makes it of what a user has typed. ``toml`` is the design file; ``variant`` tells several build
    folders of one design apart.
    """

    name: str
    toml: Path
    variant: str | None = None

    @cached_property
    def design(self) -> Design:
        """The design, read and checked when first asked for."""
        return load_design(self.toml, macro_processes=with_macros())

    @property
    def origin(self) -> Path:
        """What the build folder's spikes and weights are of: see :mod:`flow.origin`."""
        return self.build / "stamps" / "origin.json"

    @property
    def shipped(self) -> Path:
        """Folder of the weights and the spec that come with the design."""
        return self.toml.with_suffix("")

    @property
    def build(self) -> Path:
        """Folder of everything made: ``build/<design>``, or ``build/<design>@<variant>``."""
        return BUILD / (self.name if self.variant is None else f"{self.name}@{self.variant}")

    def make(self, stage: str = "", **variables: object) -> str:
        """The command that makes a stage of this build folder, for messages; of everything, without a stage."""
        design = self.name if self.toml.parent == DESIGNS else str(self.toml)
        said = {"DESIGN": design, "BUILD": self.variant, **variables}
        words = ["make", stage, *(f"{key}={value}" for key, value in said.items() if value is not None)]
        return " ".join(filter(None, words))

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

    @property
    def testbench(self) -> Path:
        """Bench and vectors for simulators without the toolkit."""
        return self.build / "testbench"

    def synth(self, target: str, *, whole: bool = False) -> Path:
        """Synthesis results for one target; ``whole``: of encoder and front end."""
        return self.build / "synth" / (target_name(target) + (WHOLE if whole else ""))

    def place(self, target: str, *, whole: bool = False) -> Path:
        """Placement of the netlist for one target; ``whole``: of encoder and front end."""
        return self.build / "place" / (target_name(target) + (WHOLE if whole else ""))

    def power(self, target: str, *, whole: bool = False) -> Path:
        """Power of the netlist for one target; ``whole``: of encoder and front end."""
        return self.build / "power" / (target_name(target) + (WHOLE if whole else ""))

    @property
    def explore(self) -> Path:
        """What a search around the design has found."""
        return self.build / "explore"

    @property
    def codec(self) -> Path:
        """The encoder spec and the decoder network, for the host."""
        return self.build / "codec"

    @property
    def spec(self) -> Path:
        """Folder of the spec to work with: the one made here if there is one, else the shipped one."""
        return self.quantize if (self.quantize / "spec.json").is_file() else self.shipped

    @property
    def spec_weights(self) -> Path:
        """The weights whose decoder belongs to :attr:`spec`. With a shipped spec come weights of its own where its
        decoder is another than that of the trained weights."""
        own = self.spec / "checkpoint.safetensors"
        return own if own.is_file() or self.spec != self.shipped else self.spec / "model.safetensors"

    def of_points(self, *names: str) -> tuple[str, ...]:
        """Files that a folder has for each operating point of the design, relative to the folder."""
        folders = [point_folder(Path(), number) for number in range(len(self.design.points))]
        return tuple(str(folder / name) for folder in folders for name in names)

    @property
    def ships_weights(self) -> bool:
        """Whether trained weights come with the design."""
        return (self.shipped / "model.safetensors").is_file()


def find_layout(design: str, build: str | None = None) -> Layout:
    """The layout of a design that exists; nothing is read or written.

    Args:
        design: name of a file in ``designs/``, without ``.toml``; or the path of a design file, which ends in it, and
            whose name no file in ``designs/`` has.
        build: name of a build folder beside the design's first one.

    Raises:
        ValueError: there is no such design, or a name is none.
    """
    known = sorted(path.stem for path in DESIGNS.glob("*.toml") if NAME.fullmatch(path.stem) and path.is_file())
    if build is not None and not BUILD_NAME.fullmatch(build):
        raise ValueError(f"BUILD={build}: a name is of letters, digits, _ and -, 64 at most; no path")
    if design in known:
        return Layout(design, DESIGNS / f"{design}.toml", build)
    path = Path(design)
    if path.suffix != ".toml" or not path.is_file():
        there = ", ".join(known) or "none"
        raise ValueError(
            f"no design {design!r}; the designs in {DESIGNS}/ are {there}. Give DESIGN one of these names, or the path "
            "of a design file that ends in .toml"
        )
    if not NAME.fullmatch(path.stem):
        raise ValueError(
            f"{path}: {path.stem!r} cannot be a design's name; rename the file, with small letters, digits and _"
        )
    own = DESIGNS / path.name
    if path.stem not in known:
        return Layout(path.stem, path, build)
    if path.read_bytes() == own.read_bytes():  # itself, or the copy beside a codec
        return Layout(path.stem, own, build)
    raise ValueError(
        f"{path} has the name of {own}, and both would use build/{path.stem}; rename one of the files, and its name key"
    )
