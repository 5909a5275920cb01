"""``spikecae nwb``, ``spikecae snippets`` and ``spikecae phy``."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["nwb", "phy", "snippets"]

Source = Annotated[Path, typer.Argument(help="A .scae file, or a folder with one and its codec.", show_default=False)]
Codec = Annotated[
    str | None,
    typer.Option(help="A shipped design, or a folder; else what lies beside SOURCE.", show_default=False),
]
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


def nwb(
    source: Source,
    target: Annotated[Path, typer.Argument(help="NWB file to write.", show_default=False)],
    start: Annotated[
        datetime,
        typer.Option(help="When the session began; local time without a zone.", formats=TIMES, show_default=False),
    ],
    description: Annotated[
        str | None, typer.Option(help="A sentence on the session, for whoever opens the file.", show_default=False)
    ] = None,
    codec: Codec = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace TARGET if it exists.")] = False,
) -> None:
    """Write the decoded spikes of a .scae file that says what was recorded to an NWB file: a SpikeEventSeries for each
    channel with peaks."""
    from spikecae.exchange.nwb import SESSION, export_to_nwb  # takes seconds to import
    from spikecae.recordings.read import read_scae

    spikes = read_scae(source, codec)
    made = export_to_nwb(
        spikes,
        target,
        session_start_time=start,
        session_description=description or SESSION,
        overwrite=overwrite,
    )
    print(f"{made}: {spikes!r}", file=sys.stderr)


def snippets(
    source: Annotated[Path, typer.Argument(help="NWB file with one SpikeEventSeries or more.", show_default=False)],
    target: Annotated[
        Path, typer.Argument(help="A name that ends in .scae; or a folder, for file and codec.", show_default=False)
    ],
    codec: Annotated[
        str, typer.Option(help="A shipped design, or a folder with a spec and its design file.", show_default=False)
    ],
    series: Annotated[
        list[str] | None, typer.Option(help="Name of one, if not all; may be repeated.", show_default=False)
    ] = None,
    sampling_rate: Annotated[
        float | None, typer.Option(help="Of the snippets, Hz, which NWB does not say.", show_default=False)
    ] = None,
    gain: Annotated[
        float | None, typer.Option(help="µV in a step, in place of the file's conversion.", show_default=False)
    ] = None,
    uv_per_step: Annotated[
        float | None, typer.Option(help="µV in a step of the converter, if not the design's.", show_default=False)
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace TARGET even if it is no earlier output.")
    ] = False,
) -> None:
    """Encode the snippets of an NWB file's SpikeEventSeries, which another program has cut and band-passed, to a .scae
    file that says what was recorded."""
    from spikecae.exchange.nwb_in import compress_nwb  # takes seconds to import

    made = compress_nwb(
        source,
        codec,
        target,
        series=series,
        sampling_rate_hz=sampling_rate,
        gain_uv=gain,
        uv_per_step=uv_per_step,
        overwrite=overwrite,
    )
    print(made, file=sys.stderr)


def phy(
    source: Source,
    target: Annotated[Path, typer.Argument(help="Folder to make.", show_default=False)],
    codec: Codec = None,
) -> None:
    """Write the decoded spikes of a .scae file that says what was recorded as phy opens them: a unit for each channel
    with peaks. SpikeInterface takes half a minute to compile what it needs for that."""
    from spikecae.exchange.phy import export_to_phy  # takes seconds to import
    from spikecae.recordings.read import read_scae

    spikes = read_scae(source, codec)
    print(f"{export_to_phy(spikes, target)}: {spikes!r}", file=sys.stderr)
