"""The command line of the codec: ``spikecae encode``, ``decode`` and ``inspect``."""

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from spikecae.bitstream.packets import Gap, PacketReader
from spikecae.codec import BLOCKS_PER_PACKET, ENCODED_AT_A_TIME, Decoder, Encoder
from spikecae.codec.container import ContainerError, FileHeader, file_header, read_header, write_header
from spikecae.codec.decoded_file import DecodedFile
from spikecae.codec.snippet_source import open_snippets
from spikecae.design import Adc
from spikecae.files import replacing

__all__ = ["app", "main"]

READ_AT_A_TIME = 1 << 16
"""Bytes of packets."""

app = typer.Typer(
    help="Spikes to .scae files, bit for bit as the encoder chip sends them, and back to waveforms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

SpecFolder = Annotated[Path, typer.Option("--spec", help="Folder with spec.json and spec.npz.", show_default=False)]
Source = Annotated[Path, typer.Argument(help="File to read.", show_default=False)]
Target = Annotated[Path, typer.Argument(help="File to write.", show_default=False)]


@app.command()
def encode(
    source: Source,
    target: Target,
    spec: SpecFolder,
    lsb: Annotated[
        float | None, typer.Option(help="Recording units per ADC step; float samples need it.", show_default=False)
    ] = None,
    unit: Annotated[str, typer.Option(help="The recording's unit, where there is an --lsb.")] = "uV",
    unsigned: Annotated[bool, typer.Option("--unsigned", help="The converter's zero is at mid-scale.")] = False,
    blocks_per_packet: Annotated[int, typer.Option(min=1, max=255)] = BLOCKS_PER_PACKET,
) -> None:
    """Encode blocks of snippets to a .scae file.

    SOURCE is an .npy of blocks (n, M, D), or an .npz with them as "snippets" and, if they have them, "channels" (n) and
    "times" in samples (n) or (n, M). Integers are ADC codes; other numbers are in recording units, and converted.
    """
    encoder = Encoder.from_spec(spec, blocks_per_packet)
    adc = Adc(bits=encoder.spec.adc_bits, lsb=1.0 if lsb is None else lsb, signed=not unsigned)
    header = file_header(encoder.spec, adc, "ADC step" if lsb is None else unit)
    console = Console(stderr=True, highlight=False)
    with open_snippets(source, encoder.spec, adc, scaled=lsb is not None) as snippets, replacing(target) as file:
        write_header(file, header)
        with _progress(console) as bar:
            task = bar.add_task(f"encode {source.name}", total=snippets.blocks)
            for _ in range(0, snippets.blocks, ENCODED_AT_A_TIME):
                codes, events = snippets.read(ENCODED_AT_A_TIME)
                file.write(encoder.encode(codes, events))
                bar.advance(task, len(codes))
        file.write(encoder.flush())
        size = file.tell()
    ratio = 2 * snippets.blocks * encoder.spec.spikes * encoder.spec.samples / size
    console.print(f"{snippets.blocks} blocks in {size} bytes, {ratio:.1f} times less than 16 bits a sample")
    if snippets.clipped:
        console.print(f"{snippets.clipped} samples lay outside the converter's range and were clipped")


@app.command()
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
) -> None:
    """Decode a .scae file to waveforms in the recording's units.

    TARGET is an .npz with, for every block that arrived, "snippets" (n, M, D) or "latents" (n, N, T), "indices" (n, S),
    "present" (n, M), the number of its packet in "packets" (n), and "channels" and "times" if they were sent. Snippets
    of spikes that are not present are NaN, their times -1.
    """
    decoder = Decoder.from_spec(spec, network)
    console = Console(stderr=True, highlight=False)
    with open(source, "rb") as file:
        header = _header(file, source)
        if header.spec_hash != decoder.spec.hash:
            raise ValueError(
                f"{source}: made with spec {header.spec_hash[:8]} of {header.design!r}, but in {spec} there is "
                f"{decoder.spec.hash[:8]} of {decoder.spec.design!r}; name the right folder with --spec"
            )
        with DecodedFile(target, decoder, None if latents else header.adc) as decoded:
            for data in _packets(file, source, console):
                for item in decoder.feed(data):
                    decoded.add(item)
            for item in decoder.close():
                decoded.add(item)
    report = decoder.report
    unit = "latents" if latents else f"snippets in {header.unit}"
    console.print(f"{report.blocks} blocks in {report.packets} packets; {unit}")
    if report.lost or report.bytes_skipped or report.refused or report.repeated:
        console.print(
            f"{report.lost} packets lost, {report.damaged} damaged, {report.refused} refused, {report.repeated} "
            f"repeated; {report.bytes_skipped} of {report.bytes_read} bytes belong to no valid packet"
        )


@app.command()
def inspect(source: Source) -> None:
    """Say what a .scae file holds, and what has become of its packets. Needs no spec."""
    reader = PacketReader()
    packets = blocks = codes = missing = lost = late = 0
    with open(source, "rb") as file:
        header = _header(file, source)
        for data in itertools.chain(_packets(file, source, Console(stderr=True)), [b""]):
            for item in reader.feed(data) if data else reader.close():
                if isinstance(item, Gap):
                    lost += item.count
                    continue
                packets += 1
                late += item.late
                if not item.header.raw:
                    blocks += item.header.count
                    codes += item.header.length
                    missing += item.header.missing
    adc, size = header.adc, source.stat().st_size
    spikes = blocks * header.spikes - missing
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "design": f"{header.design}, spec {header.spec_hash}",
        "blocks": f"{blocks} of {header.spikes} spikes of {header.samples} samples, {spikes} spikes in all",
        "converter": f"{adc.bits} bits, {'signed' if adc.signed else 'unsigned'}, {adc.lsb:g} {header.unit} a step",
        "packets": f"{packets}, {codes} bytes of codes and events in {size} bytes",
        "bits per spike": f"{8 * size / spikes:.1f}" if spikes else "-",
        "cr_wire": f"{16 * header.samples * spikes / (8 * size):.1f}" if spikes else "-",
        "link": f"{lost} packets lost, {late} late, {reader.rejected} damaged; {reader.bytes_skipped} of "
        f"{reader.bytes_read} bytes belong to no valid packet",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    Console(highlight=False).print(table)


def _header(file: BinaryIO, source: Path) -> FileHeader:
    try:
        return read_header(file)
    except ContainerError as error:
        raise ContainerError(f"{source}: {error}") from None


def _packets(file: BinaryIO, source: Path, console: Console) -> Iterator[bytes]:
    """What is left of the file, piece by piece, with a progress bar."""
    with _progress(console) as bar:
        task = bar.add_task(f"decode {source.name}", total=source.stat().st_size, completed=file.tell())
        while data := file.read(READ_AT_A_TIME):
            yield data
            bar.advance(task, len(data))


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)


def main() -> None:
    """Run the command line; errors that a user can do something about end in a message and exit status 1."""
    try:
        app()
    except (ValueError, OSError) as error:
        if os.environ.get("SPIKECAE_DEBUG") == "1":
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
