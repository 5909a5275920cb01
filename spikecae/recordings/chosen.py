"""Which encoder is meant: a shipped design by its name, or the folder of a spec."""

import os
from dataclasses import dataclass
from pathlib import Path

from spikecae.codec.spec_folder import files_in, load_codec_spec
from spikecae.design import Design, load_design
from spikecae.errors import InputError
from spikecae.files import write_bytes
from spikecae.spec import EncoderSpec

__all__ = ["CODEC_FOLDER", "Codec", "choose_codec", "copy_codec", "shipped_designs", "taken_along"]

DESIGNS = Path(__file__).resolve().parents[2] / "designs"
"""Of the checkout; an installed wheel has none, and takes folders."""
CODEC_FOLDER = "codec"
"""Beside a file, with spec, decoder network and design file."""


@dataclass(frozen=True, eq=False)
class Codec:
    """An encoder with its design, which says how spikes are found. ``folder`` holds spec and decoder network."""

    design: Design
    spec: EncoderSpec
    folder: Path
    design_file: Path


def shipped_designs() -> list[str]:
    """Names of the designs that come with a spec."""
    return sorted(path.parent.name for path in DESIGNS.glob("*/spec.json"))


def choose_codec(codec: str | os.PathLike[str]) -> Codec:
    """A shipped design by its name, or the spec in a folder, with the design file in it or beside it.

    Raises:
        InputError: there is none, or the design file is of another shape than the spec.
        SpecError: the spec is damaged.
    """
    folder = Path(codec)
    if isinstance(codec, str) and codec in shipped_designs():
        folder = DESIGNS / codec
    elif not (folder / "spec.json").is_file():
        known = ", ".join(shipped_designs()) or "none here, as this is no checkout"
        raise InputError(
            f"codec = {os.fspath(codec)!r} is neither a shipped design ({known}) nor a folder with spec.json and "
            f"spec.npz; give one of these"
        )
    spec = load_codec_spec(folder)
    places = [folder / f"{spec.design}.toml", folder.parent / f"{spec.design}.toml", DESIGNS / f"{spec.design}.toml"]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise InputError(
            f"{folder}: the spec is of design {spec.design!r}, and its design file, which says how spikes are found, "
            f"is neither there nor beside the folder; copy {spec.design}.toml into it"
        )
    design = load_design(found)
    ours = design.block.spikes, design.block.samples, design.adc.bits
    theirs = spec.spikes, spec.samples, spec.adc_bits
    if ours != theirs:
        raise InputError(
            f"{found}: blocks of {ours[0]} spikes of {ours[1]} samples of {ours[2]} bits, but the spec in {folder} has "
            f"{theirs[0]}, {theirs[1]} and {theirs[2]}; put the design file that the spec was made of beside it"
        )
    return Codec(design, spec, folder, found)


def taken_along(codec: Codec) -> list[Path]:
    """What decoding needs: the files of the codec, under the names that reading looks for."""
    return [path for path in (*files_in(codec.folder)[:3], codec.design_file) if path.is_file()]


def copy_codec(codec: Codec, folder: Path) -> None:
    """Copy all that decoding needs into ``folder``."""
    for path in taken_along(codec):
        write_bytes(folder / path.name, path.read_bytes())
