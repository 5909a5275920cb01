"""``spikecae evaluate``."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["evaluate"]

OWN = "own"
"""Name of the build folder of what is retrained."""
Recording = Annotated[
    Path, typer.Argument(help="What SpikeInterface saved: a folder, .zarr or .json; or an .nwb.", show_default=False)
]


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
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")] = False,
) -> None:
    """Say what an encoder, as it is, makes of the spikes of a recording, and whether to retrain."""
    from spikecae.evaluation.evaluate import evaluate as measure  # takes seconds to import
    from spikecae.files import check_folder
    from spikecae.recordings.opening import open_recording, open_sorting

    check_folder(out)
    opened = open_recording(recording)
    sorted_ = None if sorting is None else open_sorting(sorting)
    found = measure(opened, codec, sorting=sorted_, sorter=sort, groups=groups, uv_per_step=uv_per_step)
    paths = found.save(out)
    print(f"{found}\n{paths[1]}", file=sys.stderr)
    if found.figures.retrain:
        print("\n".join(["in the checkout:", *_retraining(recording, codec)]), file=sys.stderr)
    if as_json:
        print(found.figures.model_dump_json())


def _retraining(recording: Path, codec: str) -> list[str]:
    """The commands that fit an encoder to this recording, and try it."""
    from spikecae.recordings.chosen import choose_codec, shipped_designs

    chosen = choose_codec(codec)
    name = chosen.spec.design
    design = name if name in shipped_designs() else str(chosen.design_file.absolute())
    data = str(recording.absolute())
    return [
        f"  {shlex.join(command)}"
        for command in (
            ["make", "quantize", f"DESIGN={design}", f"BUILD={OWN}", f"DATA={data}"],
            ["make", "codec", f"DESIGN={design}", f"BUILD={OWN}"],
            [".venv/bin/spikecae", "evaluate", data, "--codec", f"build/{name}@{OWN}/codec"],
        )
    ]
