"""``spikecae compress``."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["compress"]

Recording = Annotated[
    Path, typer.Argument(help="What SpikeInterface saved: a folder, .zarr or .json; or an .nwb.", show_default=False)
]
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
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")] = False,
) -> None:
    """Find the spikes of a recording, and encode them to a .scae file that says what was recorded."""
    from spikecae.recordings.compress import compress as make  # takes seconds to import
    from spikecae.recordings.opening import open_recording

    opened = open_recording(recording)
    made = make(opened, codec, target, groups=groups, uv_per_step=uv_per_step, overwrite=overwrite)
    print(made, file=sys.stderr)
    if as_json:
        told = dataclasses.asdict(made) | {"path": str(made.path)}
        print(json.dumps({"schema_version": 1, "command": "compress", **told}))
