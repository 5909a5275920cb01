"""What the command says under ``--json``: one object on standard output."""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from spikecae.codec.account import Account, many
from spikecae.codec.container import FileHeader

__all__ = ["Contents", "Decoded", "Encoded", "Inspected", "name_of", "unit_in_words"]


def name_of(path: Path) -> str:
    """A file's name, of whatever bytes, as text."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def unit_in_words(header: FileHeader) -> str:
    """The unit of a file's samples, where it has a name."""
    return "units of the recording's own" if header.unit == "1" else header.unit


class Result(BaseModel):
    """One command's result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1


class Encoded(Result):
    """Of ``spikecae encode``."""

    command: Literal["encode"] = "encode"
    source: str
    target: str
    header: FileHeader
    blocks: int
    packets: int
    file_bytes: int
    clipped_samples: int
    times_less_than_16_bits: float | None
    """Bits of the blocks at 16 a sample, over those of the file; None without blocks."""


class Contents(BaseModel):
    """What a ``.scae`` file holds, and what is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    whole: bool
    faults: list[str]
    blocks: int
    blocks_expected: int | None
    blocks_missing: int | None
    """None where the file does not tell how many were written."""
    packets: int
    packets_lost: int
    gaps: list[tuple[int, int]]
    """Runs of missing packets: number of the first, modulo 65536, and how many."""
    packets_damaged: int
    packets_refused: int
    packets_repeated: int
    bytes_read: int
    bytes_skipped: int

    @classmethod
    def of(cls, account: Account) -> Self:
        """From the account of a file."""
        link, faults = account.link, account.faults
        return cls(
            whole=not faults,
            faults=faults,
            blocks=link.blocks,
            blocks_expected=account.blocks_expected,
            blocks_missing=account.blocks_missing,
            packets=link.packets,
            packets_lost=account.packets_lost,
            gaps=[(gap.first, gap.count) for gap in account.gaps],
            packets_damaged=link.damaged,
            packets_refused=link.refused,
            packets_repeated=link.repeated,
            bytes_read=link.bytes_read,
            bytes_skipped=link.bytes_skipped,
        )


class Decoded(Result):
    """Of ``spikecae decode``."""

    command: Literal["decode"] = "decode"
    source: str
    target: str | None
    """None where nothing was written."""
    header: FileHeader
    latents: bool
    contents: Contents
    blocks_without_times: int
    """Blocks whose times were sent, but in another kind than those of the first, and are not in the file."""


class Inspected(Result):
    """Of ``spikecae inspect``."""

    command: Literal["inspect"] = "inspect"
    source: str
    header: FileHeader
    contents: Contents
    spikes: int
    blocks_by_tag: dict[str, int]
    """Coded blocks of each operating point, by the four digits that its spec's hash begins with."""
    packets_late: int
    code_bytes: int
    file_bytes: int
    bits_per_spike: float | None
    cr_wire: float | None

    def lines(self) -> list[str]:
        """The same for people."""
        header, contents = self.header, self.contents
        adc, expected = header.adc, contents.blocks_expected
        sign = "signed" if adc.signed else "unsigned"
        rows = {
            "design": f"{header.design}, spec {', '.join(header.spec_hashes)}",
            "blocks": f"{contents.blocks}" + ("" if expected is None else f" of {expected} that were written"),
            "spikes": f"{self.spikes}, {header.spikes} of {header.samples} samples in a block",
            "converter": f"{adc.bits} bits, {sign}, {adc.lsb:g} {unit_in_words(header)} a step",
            "packets": f"{contents.packets}, {self.code_bytes} bytes of codes and events in {self.file_bytes} bytes",
            "bits per spike": "-" if self.bits_per_spike is None else f"{self.bits_per_spike:.1f}",
            "cr_wire": "-" if self.cr_wire is None else f"{self.cr_wire:.1f}",
            "link": f"{many(contents.packets_lost, 'packet')} lost, {self.packets_late} late, "
            f"{contents.packets_damaged} damaged; {contents.bytes_skipped} of {contents.bytes_read} bytes belong to no "
            f"valid packet",
        }
        if header.further_spec_hashes:
            rows["points"] = "; ".join(f"{tag}: {many(count, 'block')}" for tag, count in self.blocks_by_tag.items())
        return [f"{name:<16}{value}" for name, value in rows.items()]
