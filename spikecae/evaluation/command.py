"""``spikecae evaluate``."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from spikecae.files import check_folder, write_text
from spikecae.opening.description import describe
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

__all__ = ["evaluate"]

OWN = "own"
"""Name of the build folder of what is retrained."""
DESCRIPTION = "recording.json"
"""In the folder of the evaluation: what its options say of the recording, for whoever retrains."""


def evaluate(
    recording: Recording,
    codec: Annotated[
        str,
        typer.Option(help="A shipped design, or a folder with a spec and its design file.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json and evaluation.html.")] = Path("evaluation"),
    sorting: Annotated[
        Path | None, typer.Option(help="A sorting that SpikeInterface saved.", show_default=False)
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="A sorter of SpikeInterface's to run before and after, such as tridesclous2.", show_default=False
        ),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(help="A property; a neighbourhood is of channels with one value of it.", show_default=False),
    ] = None,
    uv_per_step: Annotated[
        float | None, typer.Option(help="µV in a step of the converter, if not the design's.", show_default=False)
    ] = None,
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
    """Say what an encoder, as it is, makes of the spikes of a recording, and whether to retrain."""
    from spikecae.evaluation.evaluate import evaluate as measure  # takes seconds to import
    from spikecae.opening.saved import open_sorting

    check_folder(out)
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
    sorted_ = None if sorting is None else open_sorting(sorting)
    found = measure(source, codec, sorting=sorted_, sorter=sort, groups=groups, uv_per_step=uv_per_step)
    paths = found.save(out)
    print(f"{found}\n{paths[1]}", file=sys.stderr)
    if found.figures.retrain:
        beyond = description != describe(recording)
        if beyond:
            write_text(out / DESCRIPTION, description.model_dump_json(exclude_defaults=True) + "\n")
        commands = _retraining(recording, codec, out / DESCRIPTION if beyond else None)
        print("\n".join(["in the checkout:", *commands]), file=sys.stderr)
    if as_json:
        print(found.figures.model_dump_json())


def _retraining(recording: Path, codec: str, description: Path | None) -> list[str]:
    """The commands that fit an encoder to this recording, and try it; ``description`` is a file on what it does not say
    and no file beside it does."""
    from spikecae.recordings.chosen import choose_codec, shipped_designs

    chosen = choose_codec(codec)
    name = chosen.spec.design
    shipped = name in shipped_designs()
    design = name if shipped else str(chosen.design_file.absolute())
    start = ["FROM_SHIPPED=1"] if shipped and chosen.design.encoder.learns_in_epochs else []
    data, said = str(recording.absolute()), [] if description is None else [str(description.absolute())]
    return [
        f"  {shlex.join(command)}"
        for command in (
            [
                "make",
                "quantize",
                f"DESIGN={design}",
                f"BUILD={OWN}",
                f"DATA={data}",
                *(f"RAW={path}" for path in said),
                *start,
            ],
            ["make", "codec", f"DESIGN={design}", f"BUILD={OWN}"],
            [
                *(".venv/bin/spikecae", "evaluate", data, "--codec", f"build/{name}@{OWN}/codec"),
                *(word for path in said for word in ("--raw", path)),
            ],
        )
    ]
