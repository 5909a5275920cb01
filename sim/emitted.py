"""What the generator left beside the Verilog, read back."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rtl.files import ENCODER, MANIFESTS
from rtl.manifest import Manifest
from spikecae.records import read_record

__all__ = ["load_manifest", "load_writes"]

Word = Annotated[int, Field(ge=0, lt=1 << 32, strict=True)]


class Load(BaseModel):
    """``load.json``: the (byte offset, value) of every register write that starts a chip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1]
    spec_hash: str
    writes: list[tuple[Word, Word]]


def load_manifest(rtl_dir: Path, top: str = ENCODER) -> Manifest:
    """Read the manifest of the encoder, ``manifest.json``, or of the compressor behind a front end.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it is no manifest of this version.
    """
    remedy = "run the rtl stage to make it"
    if top != ENCODER:
        remedy += ", of a design with a front end"
    return read_record(rtl_dir / MANIFESTS[top], Manifest, "manifest", remedy)


def load_writes(rtl_dir: Path, manifest: Manifest) -> list[tuple[int, int]]:
    """Register writes that start the chip; none where parameters are built in.

    Raises:
        FileNotFoundError: there should be some, but the file is missing.
        ValueError: it holds something else, or the parameters of another spec.
    """
    if manifest.parameters == "rom":
        return []
    path, remedy = rtl_dir / "load.json", "run the rtl stage to make them"
    load = read_record(path, Load, "parameters", remedy)
    if load.spec_hash != manifest.spec_hash:
        raise ValueError(f"{path}: parameters of another spec than the manifest beside it is of; {remedy}")
    return load.writes
