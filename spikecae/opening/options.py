"""What a command line says of a recording, beside its path."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from spikecae.errors import InputError, fault_sentence
from spikecae.opening.description import Description, describe

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = [
    "Channels",
    "Dtype",
    "Gain",
    "Offset",
    "Probe",
    "Raw",
    "Reader",
    "Recording",
    "Resample",
    "SamplingRate",
    "Stream",
    "described",
    "opened",
]

Recording = Annotated[
    Path,
    typer.Argument(
        help="What SpikeInterface saved (a folder, .zarr, .json), SpikeGLX, Open Ephys, .nwb, .rhd, .ns5, .ns6, .edf, "
        ".mda, .mat; raw .bin, .dat, .raw; or what --reader reads.",
        show_default=False,
    ),
]
Reader = Annotated[
    str | None, typer.Option(help="A reader of SpikeInterface's by its name, such as plexon.", show_default=False)
]
Stream = Annotated[str | None, typer.Option(help="Which of several streams or probes.", show_default=False)]
Raw = Annotated[
    Path | None,
    typer.Option(help="TOML or JSON on what RECORDING does not say, if not RECORDING.toml.", show_default=False),
]
SamplingRate = Annotated[float | None, typer.Option(help="Hz, of a file that does not say it.", show_default=False)]
Channels = Annotated[int | None, typer.Option(help="Of a raw file, interleaved.", show_default=False)]
Dtype = Annotated[
    str | None,
    typer.Option(help="Of a raw file: int16, uint16, int32, float32 or float64, little-endian.", show_default=False),
]
Gain = Annotated[float | None, typer.Option(help="µV in a step of the file's numbers.", show_default=False)]
Offset = Annotated[float | None, typer.Option(help="µV at the file's number 0.", show_default=False)]
Probe = Annotated[
    Path | None,
    typer.Option(help="Contacts: probeinterface's JSON; or .csv or .npy with x, y in µm in a row.", show_default=False),
]
Resample = Annotated[bool, typer.Option("--resample", help="Resample it to the codec's rate, if it has another.")]


def described(recording: Path, raw: Path | None, **options: Any) -> Description:
    """What the options say, and above them ``raw`` or else the file beside the recording; None where one says nothing.

    Raises:
        FileNotFoundError: there is no ``raw``, or no probe file.
        InputError: a description or an option is none.
    """
    said = {key: value for key, value in options.items() if value not in (None, False)}
    if (probe := said.get("probe")) is not None and not probe.is_file():
        raise FileNotFoundError(f"no probe file {probe}; check the path")
    base = describe(recording, raw)
    try:
        return Description.model_validate(base.model_dump() | said)
    except ValidationError as error:
        raise InputError(f"{recording}: {fault_sentence(error.errors()[0])}; correct the option") from None


def opened(recording: Path, description: Description, codec: str) -> "BaseRecording":
    """The recording, as a codec is to have it.

    Raises:
        FileNotFoundError: there is nothing.
        InputError: it cannot be read, or the codec is none.
    """
    from spikecae.exchange.spike_series import only_snippets
    from spikecae.opening.formats import open_recording  # takes seconds to import
    from spikecae.opening.gains import with_gains
    from spikecae.recordings.chosen import choose_codec

    rate = choose_codec(codec).design.recording.sampling_rate_hz
    if only_snippets(recording):
        raise InputError(f"{recording}: it holds SpikeEventSeries and no recording; encode these by: spikecae snippets")
    return with_gains(open_recording(recording, description, rate), description, str(recording))
