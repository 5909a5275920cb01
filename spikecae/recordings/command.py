"""``spikecae compress``."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from spikecae.opening.options import (
    Channels,
    Dtype,
    Gain,
    Offset,
    Probe,
    Raw,
    Reader,
    Recording,
    Resample,
    SamplingRate,
    Stream,
    described,
    opened,
)

__all__ = ["compress"]

Target = Annotated[
    Path, typer.Argument(help="A name that ends in .scae; or a folder, for file and codec.", show_default=False)
]


def compress(
    recording: Recording,
    target: Target,
    codec: Annotated[
        str,
        typer.Option(help="A shipped design, or a folder with a spec and its design file.", show_default=False),
    ],
    groups: Annotated[
        str | None,
        typer.Option(help="A property; a neighbourhood is of channels with one value of it.", show_default=False),
    ] = None,
    uv_per_step: Annotated[
        float | None, typer.Option(help="µV in a step of the converter, if not the design's.", show_default=False)
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace TARGET even if it is no earlier output.")
    ] = False,
    reader: Reader = None,
    stream: Stream = None,
    sampling_rate: SamplingRate = None,
    channels: Channels = None,
    dtype: Dtype = None,
    gain: Gain = None,
    offset: Offset = None,
    probe: Probe = None,
    raw: Raw = None,
    resample: Resample = False,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")] = False,
) -> None:
    """Find the spikes of a recording, and encode them to a .scae file that says what was recorded."""
    from spikecae.recordings.compress import compress as make  # takes seconds to import

    description = described(
        recording,
        raw,
        reader=reader,
        stream=stream,
        sampling_rate_hz=sampling_rate,
        channels=channels,
        dtype=dtype,
        gain=gain,
        offset=offset,
        probe=probe,
        resample=resample,
    )
    source = opened(recording, description, codec)
    made = make(source, codec, target, groups=groups, uv_per_step=uv_per_step, overwrite=overwrite)
    print(made, file=sys.stderr)
    if as_json:
        told = dataclasses.asdict(made) | {"path": str(made.path)}
        print(json.dumps({"schema_version": 1, "command": "compress", **told}))
