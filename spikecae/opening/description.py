"""What a recording's file does not say about itself: a TOML or JSON file beside it, or the command line.

Light on purpose: stages are planned without NumPy.
"""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spikecae.opening.provenance import PROVENANCES, Provenance

__all__ = ["OF_RAW_BINARY", "SUFFIX", "Description", "describe", "read_description", "refuse_keys"]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

SUFFIX = ".toml"
"""Of the description of ``name.dat``: ``name.dat.toml``."""


OF_RAW_BINARY = ("channels", "dtype", "header_bytes")
"""Keys that say how a raw binary file is laid out, which others say themselves."""


class Description(BaseModel):
    """All of it may be left out where the file says it, or where it does not matter.

    ``sampling_rate_hz``, ``gain`` and ``stream`` also serve formats that should say so themselves; what contradicts the
    file is an error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sampling_rate_hz: Positive | None = None
    channels: Annotated[int, Field(ge=1)] | None = None
    """Of a raw binary file: samples of all channels, then the next sample of all."""
    dtype: Literal["int16", "uint16", "int32", "float32", "float64"] | None = None
    """Of a raw binary file, little-endian."""
    header_bytes: Annotated[int, Field(ge=0)] = 0
    """Of a raw binary file: what comes before the samples."""
    gain: Positive | list[Positive] | None = None
    """``unit`` per step of the file's numbers, of all channels or of each."""
    offset: Finite | list[Finite] = 0.0
    """``unit`` at the file's number 0. Of a continuous recording the band-pass takes it out."""
    unit: Literal["uV", "mV", "V", "1"] | None = None
    """Of the numbers times ``gain``; "1" for units of the recording's own. µV where a gain is given without it."""
    contacts_um: list[Annotated[list[Finite], Field(min_length=2, max_length=2)]] | None = None
    """Position (x, y) of each channel's contact."""
    probe: Path | None = None
    """A file in place of ``contacts_um``, relative to the description: probeinterface's JSON; or a ``.csv`` or ``.npy``
    with x and y of a contact in each row."""
    reader: str | None = None
    """One of SpikeInterface's readers by its name, such as ``plexon``, for what is not known by its suffix."""
    stream: str | None = None
    """Which of several streams or probes."""
    resample: bool = False
    """To the sampling rate of the design, where that is another."""
    provenance: Provenance | None = None


def refuse_keys(description: Description, keys: Iterable[str], source: str, kind: str) -> None:
    """Refuse what is said of ``keys``, which mean nothing for a file of this kind.

    Raises:
        ValueError: something is.
    """
    said = [key for key in keys if getattr(description, key) != Description.model_fields[key].default]
    if said:
        shown = ", ".join(f"{key} = {getattr(description, key)!r}" for key in said)
        verb = "does" if len(said) == 1 else "do"
        raise ValueError(
            f"{source}: {shown} {verb} not apply to {kind}; take {'it' if len(said) == 1 else 'them'} out of the "
            f"description (RAW=, or {source}{SUFFIX})" + (", or leave STREAM away" if "stream" in said else "")
        )


def describe(
    source: Path | None, raw: Path | None = None, stream: str | None = None, provenance: str | None = None
) -> Description:
    """What is said about ``source``: by ``raw``, else by the file ``<source>.toml`` if there is one, and above both by
    ``stream`` and ``provenance``.

    Raises:
        FileNotFoundError: there is no ``raw``.
        ValueError: a description is not one, or the provenance is none of those there are; or ``source`` has no name.
    """
    if source is not None and not source.name:
        raise ValueError(
            f"DATA is empty, or a folder without a name ({source}); give the path of a recording's file or folder"
        )
    beside = None if source is None else source.with_name(source.name + SUFFIX)
    path = raw if raw is not None else beside if beside is not None and beside.is_file() else None
    found = Description() if path is None else read_description(path)
    if provenance is not None and provenance not in PROVENANCES:
        raise ValueError(f"PROVENANCE={provenance} is none of {', '.join(PROVENANCES)}; give one of these")
    said = {"stream": stream, "provenance": provenance}
    return found.model_copy(update={key: value for key, value in said.items() if value is not None})


def read_description(path: Path) -> Description:
    """Read a description.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is neither TOML nor JSON, or has other keys or values than :class:`Description`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no description of a recording at {path}; check the path given as RAW")
    try:
        text = path.read_text(encoding="utf-8-sig")
        content: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        found = Description.model_validate(content)
    except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: not a description of a recording ({error}); write TOML, or JSON as .json") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:5])
        keys = ", ".join(Description.model_fields)
        raise ValueError(f"{path}: does not describe a recording ({faults}); the keys are {keys}") from None
    if found.probe is None:
        return found
    probe = path.parent / found.probe
    if not probe.is_file():
        raise FileNotFoundError(f"no probe file {probe}, which {path} names as probe")
    return found.model_copy(update={"probe": probe})
