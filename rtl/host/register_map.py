"""The registers of the encoder: one table, from which hardware, JSON and C header are made."""

from dataclasses import asdict, dataclass
from typing import Literal

from rtl.host.parameter_store import Region

__all__ = ["REGISTERS", "WINDOW_BITS", "Register", "c_header", "json_map", "register", "window_bit"]

WINDOW_BITS = 12
"""At least so many address bits lie below the parameter window."""


@dataclass(frozen=True)
class Register:
    """A 32-bit register at a byte offset: ``rw`` keeps what is written, ``ro`` does not, writing clears ``count``."""

    name: str
    offset: int
    access: Literal["rw", "ro", "count"]
    description: str


REGISTERS = (
    Register("identity", 0x00, "ro", "0x53434145, 'SCAE'"),
    Register("version", 0x04, "ro", "register map 1; bit 16: parameters are loadable"),
    Register("spec_hash", 0x08, "rw", "first 32 bits of the encoder spec's hash; packets carry the upper 16"),
    Register("control", 0x0C, "rw", "bit 0 run, 1 flush (clears itself), 2 raw mode (change it while halted)"),
    Register(
        "status",
        0x10,
        "rw",
        "bit 0 running, 1 checking, 2 halted, 3 idle; sticky, cleared by writing 1: "
        "8 parameter CRC failed, 9 write refused, 10 spike of the wrong length",
    ),
    Register("crc_expected", 0x14, "rw", "CRC-32 that the parameter memories must have"),
    Register("crc_computed", 0x18, "ro", "CRC-32 of the last check"),
    Register("scrub_blocks", 0x1C, "rw", "a check is due after so many blocks; 0 never"),
    Register("scrub_idle", 0x20, "rw", "a check is due after so many cycles; 0 never"),
    Register("packet_blocks", 0x24, "rw", "blocks that make a packet"),
    Register("sidecar", 0x28, "rw", "0 none, 1 channel and time per block, 2 per spike"),
    Register("timeout", 0x2C, "rw", "flush so many cycles after the last spike; 0 never"),
    Register(
        "threshold",
        0x34,
        "rw",
        "front end: threshold over the median magnitude, in 1/16, 1 to 255; without one 0, and writing it is refused",
    ),
    Register("packets_checked", 0x30, "ro", "packets sent before the last check that passed: those are right"),
    Register("spikes", 0x40, "count", "spikes taken"),
    Register("blocks", 0x44, "count", "blocks coded"),
    Register("packets", 0x48, "count", "packets sent"),
    Register("bytes", 0x4C, "count", "bytes sent"),
    Register("input_stalls", 0x50, "count", "cycles a sample waited"),
    Register("output_stalls", 0x54, "count", "cycles a byte waited"),
    Register("wrong_spikes", 0x58, "count", "spikes left out for their length"),
    Register("crc_failures", 0x5C, "count", "checks failed"),
    Register("refused_writes", 0x60, "count", "writes refused: parameters while running, or no such register"),
    Register("overruns", 0x64, "count", "events lost by the front end"),
    Register("escapes", 0x68, "count", "reserved symbols coded: groups with a level outside; 0 without levels"),
)


def register(name: str) -> Register:
    """A register by name."""
    return next(entry for entry in REGISTERS if entry.name == name)


def window_bit(addr_bits: int) -> int:
    """Byte-address bit that selects the parameter memories, for a store of ``addr_bits`` 32-bit word addresses."""
    return max(WINDOW_BITS, addr_bits + 2)


def json_map(regions: list[Region], addr_bits: int) -> dict[str, object]:
    """Registers and parameter memories with byte offsets."""
    window = 1 << window_bit(addr_bits)
    return {
        "schema_version": 1,
        "registers": [asdict(entry) for entry in REGISTERS],
        "memories": [
            {
                "name": region.name,
                "offset": window + 4 * region.base,
                "words": region.words,
                "bus_words_per_word": region.lanes,
            }
            for region in regions
        ],
    }


def c_header(regions: list[Region], addr_bits: int) -> str:
    """The same as preprocessor constants."""
    window = 1 << window_bit(addr_bits)
    lines = ["#ifndef SPIKE_ENCODER_H", "#define SPIKE_ENCODER_H", ""]
    for entry in REGISTERS:
        lines.append(f"#define SPIKE_ENCODER_{entry.name.upper()} 0x{entry.offset:02X} /* {entry.description} */")
    lines.append("")
    for region in regions:
        name = f"SPIKE_ENCODER_{region.name.upper()}"
        lines.append(f"#define {name}_OFFSET 0x{window + 4 * region.base:05X}")
        lines.append(f"#define {name}_WORDS {region.words * region.lanes}")
    return "\n".join([*lines, "", "#endif", ""])
