"""The command line of the codec: ``spikecae encode``, ``decode``, ``inspect``, and those of recordings."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from spikecae import __version__
from spikecae.bitstream.packets import MAX_COUNT, Gap, Packet, PacketReader
from spikecae.codec import (
    BLOCKS_PER_PACKET,
    ENCODED_AT_A_TIME,
    CodedPacket,
    Decoder,
    Encoder,
    RawPacket,
    Refused,
)
from spikecae.codec.account import Account, many
from spikecae.codec.container import (
    ContainerReader,
    ContainerWriter,
    contradictions,
    file_header,
    is_container,
)
from spikecae.codec.decoded_file import DecodedFile, is_decoded
from spikecae.codec.inspection import Inspection
from spikecae.codec.options import between, name, positive
from spikecae.codec.snippet_source import open_snippets
from spikecae.codec.spec_folder import files_in, load_codec_points, load_codec_spec, network_in
from spikecae.codec.times import epoch_before
from spikecae.design import Adc
from spikecae.errors import InputError, about, report
from spikecae.evaluation.command import evaluate
from spikecae.exchange.command import nwb, phy, snippets
from spikecae.files import check_output, replacing
from spikecae.front_end.adc import MOST_CLIPPED
from spikecae.recordings.command import compress
from spikecae.results import Contents, Decoded, Encoded, Inspected, name_of, unit_in_words

__all__ = ["app", "main"]

app = typer.Typer(
    help="Spikes to .scae files, bit for bit as the encoder chip sends them, and back to waveforms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class DamageError(InputError):
    """A ``.scae`` file that is not whole."""


def _examples(*lines: str) -> str:
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"spikecae {__version__}")
        raise typer.Exit


SpecFolder = Annotated[Path, typer.Option("--spec", help="Folder with spec.json and spec.npz.", show_default=False)]
Source = Annotated[Path, typer.Argument(help="File to read.", show_default=False)]
Target = Annotated[Path, typer.Argument(help="File to write.", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace TARGET even if it is no earlier output.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="Take what is left of a damaged file, with exit status 0.")
]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")]


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command(
    epilog=_examples(
        "spikecae encode spikes.npz spikes.scae --spec designs/neuropixels --lsb 2.34375",
        "spikecae encode codes.npy codes.scae --spec designs/neuropixels",
    )
)
def encode(
    source: Source,
    target: Target,
    spec: SpecFolder,
    lsb: Annotated[
        float | None,
        typer.Option(
            help="Recording units per ADC step; float samples need it.", show_default=False, callback=positive
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(help="The recording's unit, where there is an --lsb; uV by default.", callback=name),
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="The converter's zero is at mid-scale.")] = False,
    blocks_per_packet: Annotated[
        int,
        typer.Option(
            help="1 to 255; more saves a little, and loses more with a packet.", callback=between(1, MAX_COUNT)
        ),
    ] = BLOCKS_PER_PACKET,
    most_clipped: Annotated[
        float | None,
        typer.Option(
            help="Share of converted samples, 0 to 1, that may lie beyond the converter's range; "
            f"{MOST_CLIPPED:g} by default.",
            callback=between(0, 1),
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Encode blocks of snippets to a .scae file.

    SOURCE is an .npy of blocks (n, M, D), or an .npz with them as "snippets" and, if they have them, "channels" (n) and
    "times" in samples (n) or (n, M). Integers are ADC codes; other numbers are in recording units, and converted.
    """
    if unit is not None and lsb is None:
        raise typer.BadParameter("it is a unit of what? Give --lsb, its amount per ADC step, too", param_hint="--unit")
    encoder_spec = load_codec_spec(spec)
    inputs = [source, *files_in(spec)]
    check_output(target, inputs, kind="a .scae file", is_kind=is_container, overwrite=overwrite)
    adc = Adc(bits=encoder_spec.adc_bits, lsb=1.0 if lsb is None else lsb, signed=not unsigned)
    with open_snippets(source, encoder_spec, adc, scaled=lsb is not None) as snippets, replacing(target) as file:
        if most_clipped is not None and not snippets.converted:
            raise typer.BadParameter(
                f"{source} holds integers, which are ADC codes: none is converted, and none clipped; leave the option "
                f"out, or save samples in recording units as floats",
                param_hint="--most-clipped",
            )
        epoch = epoch_before(snippets.first_time)
        encoder = Encoder(encoder_spec, blocks_per_packet, signed=not unsigned, epoch=epoch)
        header = file_header(
            encoder_spec, adc, "ADC step" if lsb is None else unit or "uV", blocks=snippets.blocks, epoch=epoch
        )
        container = ContainerWriter(file, header)
        with _progress() as bar:
            task = bar.add_task(f"encode {source.name}", total=snippets.blocks)
            for _ in range(0, snippets.blocks, ENCODED_AT_A_TIME):
                codes, events = snippets.read(ENCODED_AT_A_TIME)
                with about(source):
                    container.write(encoder.encode(codes, events))
                bar.advance(task, len(codes))
        snippets.check_scale(MOST_CLIPPED if most_clipped is None else most_clipped)
        container.write(encoder.flush())
        end = container.close()
        size = file.tell()
    ratio = 2 * end.blocks * encoder_spec.spikes * encoder_spec.samples / size if end.blocks else None
    if ratio is None:
        _say(f"{source}: no spikes, nothing to encode; {target} holds 0 blocks")
    else:
        _say(f"{many(end.blocks, 'block')} in {size} bytes, {ratio:.1f} times less than 16 bits a sample")
    if snippets.clipped:
        _say(f"{many(snippets.clipped, 'sample')} lay outside the converter's range and were clipped")
    if as_json:
        _print_json(
            Encoded(
                source=name_of(source),
                target=name_of(target),
                header=header,
                blocks=end.blocks,
                packets=end.packets,
                file_bytes=size,
                clipped_samples=snippets.clipped,
                times_less_than_16_bits=ratio,
            )
        )


@app.command(
    epilog=_examples(
        "spikecae decode spikes.scae decoded.npz --spec designs/neuropixels",
        "spikecae decode spikes.scae latents.npz --spec designs/neuropixels --latents",
    )
)
def decode(
    source: Source,
    target: Target,
    spec: SpecFolder,
    network: Annotated[
        Path | None, typer.Option(help="Decoder network, if not decoder.onnx beside the spec.", show_default=False)
    ] = None,
    latents: Annotated[
        bool, typer.Option("--latents", help="Latents in place of waveforms; needs no network.")
    ] = False,
    keep_going: KeepGoing = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Decode a .scae file to waveforms in the recording's units.

    TARGET is an .npz with, for every block, "snippets" (n, M, D) or "latents" (n, N, T), "indices" (n, S),
    "present" (n, M), the tag of its operating point in "tags" (n), the number of its packet in "packets" (n), and
    "channels" and "times" if they were sent. Snippets of spikes that are not present are NaN, their times -1.

    A file that is damaged or cut short ends in exit status 1 and writes nothing, unless told to keep going.
    """
    if latents and network is not None:
        raise typer.BadParameter("latents need no network; leave one of the two out", param_hint="--network")
    at_hand = {point.hash: (point, network_in(folder)) for point, folder in load_codec_points(spec)}
    inputs = [source, *files_in(spec), *([network] if network else [])]
    check_output(target, inputs, kind="an .npz that decode wrote", is_kind=is_decoded, overwrite=overwrite)
    with _opened(source) as container:
        header = container.header
        for lacking in header.spec_hashes:
            if lacking not in at_hand:
                told = ", ".join(point_hash[:8] for point_hash in at_hand)
                raise InputError(
                    f"{source}: made with spec {lacking[:8]} of {header.design!r}, but in {spec} there is {told} of "
                    f"{next(iter(at_hand.values()))[0].design!r}; name the right folder with --spec"
                )
        if network is not None and header.further_spec_hashes:
            raise typer.BadParameter(
                f"{source} is of {len(header.spec_hashes)} operating points, and each has a network of its own; leave "
                f"the option out",
                param_hint="--network",
            )
        (encoder_spec, own), *further = (at_hand[point_hash] for point_hash in header.spec_hashes)
        contradicted = contradictions(header, encoder_spec)
        if header.adc.bits != encoder_spec.adc_bits and not latents:
            raise DamageError(
                f"{source} is damaged: its header, altered after it was written, says {contradicted[-1]}; get the file "
                f"anew, or decode what does not depend on the converter with --latents --keep-going"
            )
        decoder = Decoder(encoder_spec, network or own, header.epoch, further)
        gaps = []
        with DecodedFile(target, decoder, None if latents else header.adc) as decoded:
            for item in _decoded(decoder, _pieces(container, source)):
                decoded.add(item)
                if isinstance(item, Gap):
                    gaps.append(item)
            decoded.flush()
            account = Account(container, decoder.report, tuple(gaps), contradicted)
            refusal = _refusal(account, source, target, keep_going=keep_going, overwrite=overwrite)
            result = Decoded(
                source=name_of(source),
                target=None if refusal else name_of(target),
                header=header,
                latents=latents,
                contents=Contents.of(account),
                blocks_without_times=decoded.without_times,
            )
            if refusal:
                if as_json:
                    _print_json(result)
                raise DamageError(refusal)
    link, content = account.link, "latents" if latents else f"snippets in {unit_in_words(header)}"
    _say(f"{many(link.blocks, 'block')} in {many(link.packets, 'packet')}; {content}")
    if decoded.without_times:
        _say(f"the times of {many(decoded.without_times, 'block')} are of another kind than the first's, and left out")
    _say_faults(account, source)
    if as_json:
        _print_json(result)


app.command(epilog=_examples("spikecae compress recording spikes --codec lite_probe"))(compress)
app.command(epilog=_examples("spikecae evaluate recording --codec lite_probe"))(evaluate)
app.command(epilog=_examples("spikecae nwb spikes.scae spikes.nwb --start 2026-05-01T12:00:00"))(nwb)
app.command(epilog=_examples("spikecae snippets spikes.nwb again --codec lite_probe"))(snippets)
app.command(epilog=_examples("spikecae phy spikes.scae for_phy"))(phy)


@app.command(epilog=_examples("spikecae inspect spikes.scae", "spikecae inspect spikes.scae --json"))
def inspect(source: Source, keep_going: KeepGoing = False, as_json: Json = False) -> None:
    """Say what a .scae file holds, and what has become of its packets. Needs no spec.

    Exit status 1 if the file is damaged or cut short.
    """
    reader = PacketReader()
    with _opened(source) as container:
        found = Inspection(container.header)
        for item in _packets(reader, _pieces(container, source)):
            found.add(item)
    link = found.link
    link.damaged, link.bytes_read, link.bytes_skipped = reader.rejected, reader.bytes_read, reader.bytes_skipped
    account, header = (
        Account(container, link, tuple(found.gaps), tuple(found.contradictions.values())),
        container.header,
    )
    spikes = link.blocks * header.spikes - found.missing_spikes
    result = Inspected(
        source=name_of(source),
        header=header,
        contents=Contents.of(account),
        spikes=spikes,
        blocks_by_tag={f"{tag:04x}": count for tag, count in sorted(found.blocks_of.items())},
        packets_late=found.late,
        code_bytes=found.code_bytes,
        file_bytes=container.size,
        bits_per_spike=8 * container.size / spikes if spikes else None,
        cr_wire=16 * header.samples * spikes / (8 * container.size) if spikes else None,
    )
    if as_json:
        _print_json(result)
    else:
        print("\n".join(result.lines()))
    if account.faults and not keep_going:
        raise DamageError(_damage(account, source))
    _say_faults(account, source)


def _damage(account: Account, source: Path) -> str:
    return f"{source} is damaged: {'; '.join(account.faults)}"


def _refusal(account: Account, source: Path, target: Path, *, keep_going: bool, overwrite: bool) -> str | None:
    """Why what came of a file is not written; None if it is."""
    if not account.faults:
        return None
    damage = _damage(account, source)
    if not keep_going:
        return f"{damage}. Nothing was written; get the file anew, or decode what is left of it with --keep-going"
    if target.exists() and not overwrite:
        return f"{damage}. {target} stays, as less might replace it; name another output, or say --overwrite too"
    return None


def _say_faults(account: Account, source: Path) -> None:
    if account.faults:
        _say(_damage(account, source))
    elif account.file.header.schema_version == 1:
        _say(f"{source} is of an older version, without a count: blocks missing at its end would not show")


@contextmanager
def _opened(source: Path) -> Iterator[ContainerReader]:
    """A ``.scae`` file, behind its header."""
    with open(source, "rb") as file:
        with about(source):
            container = ContainerReader(file)
        yield container


def _pieces(container: ContainerReader, source: Path) -> Iterator[bytes]:
    """The file's packets, piece by piece, with a progress bar."""
    with _progress() as bar:
        task = bar.add_task(f"read {source.name}", total=source.stat().st_size, completed=container.size)
        for data in container.pieces():
            yield data
            bar.advance(task, len(data))


def _packets(reader: PacketReader, pieces: Iterable[bytes]) -> Iterator[Packet | Gap]:
    for data in pieces:
        yield from reader.feed(data)
    yield from reader.close()


def _decoded(decoder: Decoder, pieces: Iterable[bytes]) -> Iterator[CodedPacket | RawPacket | Refused | Gap]:
    for data in pieces:
        yield from decoder.feed(data)
    yield from decoder.close()


def _progress() -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    console = Console(stderr=True)
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _print_json(result: BaseModel) -> None:
    print(json.dumps(result.model_dump()))


def main() -> None:
    """Run the command line; what goes wrong ends in a sentence and an exit status (see :mod:`spikecae.errors`)."""
    try:
        app(prog_name="spikecae")
    except Exception as error:
        sys.exit(report(error, ["spikecae", *sys.argv[1:]]))
