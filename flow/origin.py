"""Which recording a build folder is of, so that no other one takes the place of a training unasked.

The folder remembers what its spikes were read from and how its weights came to be. What a command says is taken, what
it leaves open is as it was; where both are at odds and a training would be lost, the command is refused.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from flow.layout import Layout
from flow.runner import StageError
from flow.stages.data import UNSAID, Opening
from spikecae.files import write_text

__all__ = [
    "EMBEDDED",
    "NOTHING_ASKED",
    "Asked",
    "Origin",
    "Recording",
    "Trained",
    "is_interrupted",
    "load_origin",
    "resolve",
    "save_origin",
    "training_held",
]


@dataclass(frozen=True)
class Asked:
    """What the command line says about the recording."""

    data: Path | None = None
    opening: Opening = UNSAID
    replace: bool = False
    """Whether a training on another recording may be given up; without ``data``, for the embedded recording."""


NOTHING_ASKED = Asked()


class Part(BaseModel):
    """A part of ``origin.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Recording(Part):
    """A file or folder with what was said about it; the embedded recording where ``data`` is None."""

    data: Path | None = None
    raw: Path | None = None
    stream: str | None = None
    provenance: str | None = None

    @property
    def opening(self) -> Opening:
        """What was said about it."""
        return Opening(self.raw, self.stream, self.provenance)

    def is_same(self, other: "Recording") -> bool:
        """Whether both are one recording, and one stream of it, however their paths are written."""
        if self.data is None or other.data is None:
            return self.data is other.data
        return self.data.resolve() == other.data.resolve() and self.stream == other.stream

    def __str__(self) -> str:
        if self.data is None:
            return "the embedded recording"
        return str(self.data) if self.stream is None else f"{self.data} (stream {self.stream})"


EMBEDDED = Recording()


class Trained(Part):
    """A training that was begun or done here: on what, for how long in place of the design's epochs, and whether from
    the weights that come with the design."""

    recording: Recording
    epochs: int | None
    from_shipped: bool = False


class Origin(Part):
    """``stamps/origin.json``. None of ``recording`` is not known, None of ``trained`` was never begun."""

    schema_version: Literal[1] = 1
    design_file: Path
    recording: Recording | None = None
    trained: Trained | None = None


def load_origin(layout: Layout) -> Origin:
    """What the build folder is of; nothing known where it does not say.

    Raises:
        StageError: it is of another design file.
    """
    try:
        found = Origin.model_validate_json(layout.origin.read_bytes())
    except (FileNotFoundError, ValidationError):
        return Origin(design_file=layout.toml)
    if found.design_file.resolve() != layout.toml.resolve() and found.design_file.is_file():
        raise StageError(
            f"{layout.build} is of {found.design_file}, not of {layout.toml}; give this one a folder of its own with "
            "BUILD=name, or another name"
        )
    return found


def save_origin(layout: Layout, origin: Origin) -> None:
    """Remember what the build folder is of; where that is known, nothing is written."""
    if not layout.origin.is_file() or load_origin(layout) != origin:
        write_text(layout.origin, origin.model_dump_json(indent=1) + "\n")


def training_held(layout: Layout, origin: Origin) -> Trained | None:
    """The training whose weights the build folder holds, or that was interrupted there; None where there is none."""
    try:
        held = json.loads((layout.model / "metrics.json").read_bytes())
        trained, data = held["weights"] == "trained", str(held["data"])
    except (OSError, ValueError, KeyError):
        trained, data = False, ""
    if not (trained or is_interrupted(layout)):
        return None
    if origin.trained is not None or not trained:
        return origin.trained
    by_name = EMBEDDED if data.startswith("embedded recording") else Recording(data=Path(data))
    return Trained(recording=origin.recording or by_name, epochs=None)


def is_interrupted(layout: Layout) -> bool:
    """Whether a training waits to be continued."""
    return (layout.model.parent / f".{layout.model.name}.new" / "state.safetensors").is_file()


def resolve(layout: Layout, asked: Asked) -> Recording:
    """The recording to work on: what is asked for, completed by what the build folder remembers.

    Raises:
        StageError: the build folder holds a training on another recording, and that is not to be given up.
    """
    origin = load_origin(layout)
    held = training_held(layout, origin)
    opening = asked.opening
    wanted = Recording(data=asked.data, raw=opening.raw, stream=opening.stream, provenance=opening.provenance)
    if asked.replace:
        return wanted
    known = held.recording if held is not None else origin.recording or EMBEDDED
    if asked.data is None or (known.data is not None and asked.data.resolve() == known.data.resolve()):
        said = {key: value for key, value in wanted if value is not None}  # what is not said anew holds on
        wanted = known.model_copy(update=said)
    if held is None or wanted.is_same(held.recording):
        return wanted
    raise StageError(
        f"{layout.build} holds weights trained on {held.recording}; {wanted} would take their place. Give it a folder "
        f"of its own with BUILD=name (build/{layout.name}@name); or give the training up: with REPLACE=1, or with "
        f"{layout.make('clean')}"
    )
