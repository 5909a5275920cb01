"""The registers of the encoder: one table, from which hardware, JSON and C header are made."""

from dataclasses import asdict, dataclass
from typing import Literal

from rtl.host.parameter_store import Region

__all__ = [
    "OF_CHECKS",
    "POINT_HASHES",
    "REGISTERS",
    "TAKEN",
    "WINDOW_BITS",
    "Field",
    "Register",
    "Takes",
    "c_header",
    "json_map",
    "register",
    "window_bit",
]

WINDOW_BITS = 12
"""At least so many address bits lie below the parameter window."""


POINT_HASHES = ("spec_hash_1", "spec_hash_2", "spec_hash_3")
"""The registers that are to further operating points what ``spec_hash`` is to point 0."""

OF_CHECKS = (
    *("crc_expected", "crc_computed", "scrub_blocks", "scrub_idle"),
    *("packets_checked", "packets_suspect", "crc_failures"),
)
"""Registers of the checks of parameter memories. Where parameters are built in there is nothing to check: these read 0
and refuse writes."""

Takes = Literal["live", "packet", "halted"]
TAKEN: dict[Takes, str] = {
    "live": "at once",
    "packet": "once the open packet has been sent",
    "halted": "if written while halted, once the open packet has been sent",
}
"""When what is written comes into force. The hardware asks the table below what waits for a packet."""


@dataclass(frozen=True)
class Field:
    """A bit of a register that has several, each of a kind of its own."""

    name: str
    bit: int
    takes: Takes | None
    """None: it is only read."""


@dataclass(frozen=True)
class Register:
    """A 32-bit register at a byte offset: ``rw`` keeps what is written, ``ro`` does not, writing clears ``count``."""

    name: str
    offset: int
    access: Literal["rw", "ro", "count"]
    description: str
    takes: Takes | None = None
    """Of what may be written, unless the bit is among ``fields`` and says otherwise; None: nothing may."""
    fields: tuple[Field, ...] = ()
    """All of them, where a register is no single value."""


_STATES = ("running", "checking", "halted", "idle", "waiting", "suspect")
_STICKY = ("crc_failed", "refused", "wrong_length")
"""Bits of ``status``, from 0 and from 8 on."""

REGISTERS = (
    Register("identity", 0x00, "ro", "0x53434145, 'SCAE'"),
    Register("version", 0x04, "ro", "register map 1; bit 16: parameters are loadable"),
    Register("spec_hash", 0x08, "rw", "first 32 bits of the encoder spec's hash; packets carry the upper 16", "packet"),
    Register(
        "control",
        0x0C,
        "rw",
        "bit 0 run, 1 flush (clears itself), 2 raw mode (taken while halted)",
        "live",
        (Field("run", 0, "live"), Field("flush", 1, "live"), Field("raw", 2, "halted")),
    ),
    Register(
        "status",
        0x10,
        "rw",
        "bit 0 running, 1 checking, 2 halted, 3 idle, 4 a setting waits for the open packet, "
        "5 what is held is suspect; "
        "sticky, cleared by writing 1: 8 parameter CRC failed, 9 write refused, 10 spike of the wrong length",
        "live",
        (
            *(Field(name, bit, None) for bit, name in enumerate(_STATES)),
            *(Field(name, bit, "live") for bit, name in enumerate(_STICKY, start=8)),
        ),
    ),
    Register("crc_expected", 0x14, "rw", "CRC-32 that the parameter memories must have", "live"),
    Register("crc_computed", 0x18, "ro", "CRC-32 of the last check"),
    Register("scrub_blocks", 0x1C, "rw", "a check is due after so many blocks; 0 never", "live"),
    Register("scrub_idle", 0x20, "rw", "a check is due after so many cycles; 0 never", "live"),
    Register("packet_blocks", 0x24, "rw", "blocks that make a packet, 1 to hardware.packet_blocks", "packet"),
    Register("sidecar", 0x28, "rw", "0 none, 1 channel and time per block, 2 per spike", "packet"),
    Register("timeout", 0x2C, "rw", "flush so many cycles after the last sample; 0 never", "live"),
    Register(
        "threshold",
        0x34,
        "rw",
        "front end: threshold over the median magnitude, in 1/16, 1 to 255; without one 0, and writing it is refused",
        "live",
    ),
    Register("point", 0x38, "rw", "operating point that is coded at, from 0 on", "packet"),
    Register(
        "rate_limit",
        0x3C,
        "rw",
        "bits that packets may have on average, in 1/16,777,216 a cycle, up to 8 a cycle; 0 any",
        "live",
    ),
    Register(
        "packets_checked",
        0x30,
        "ro",
        "packets sent before the last check that passed: those from packets_suspect on are right",
    ),
    Register("spikes", 0x40, "count", "spikes taken; of an event all at its end", "live"),
    Register("blocks", 0x44, "count", "blocks coded", "live"),
    Register("packets", 0x48, "count", "packets sent", "live"),
    Register("bytes", 0x4C, "count", "bytes sent", "live"),
    Register("input_stalls", 0x50, "count", "cycles a sample waited", "live"),
    Register("output_stalls", 0x54, "count", "cycles a byte waited", "live"),
    Register("wrong_spikes", 0x58, "count", "spikes left out for their length, or with their event", "live"),
    Register("crc_failures", 0x5C, "count", "checks failed", "live"),
    Register(
        "refused_writes",
        0x60,
        "count",
        "writes refused: illegal values, parts of words, parameters while running, no such register or word",
        "live",
    ),
    Register("overruns", 0x64, "count", "events lost by the front end", "live"),
    Register("escapes", 0x68, "count", "reserved symbols coded: groups with a level outside; 0 without levels", "live"),
    Register("limited_spikes", 0x6C, "count", "spikes dropped for the rate limit", "live"),
    *(
        Register(name, offset, "rw", f"likewise spec_hash of operating point {point}, where there is one", "packet")
        for point, (name, offset) in enumerate(zip(POINT_HASHES, (0x70, 0x74, 0x78), strict=True), start=1)
    ),
    Register("rate_burst", 0x7C, "rw", "bits that packets may have at once, 1 to 16,777,215", "live"),
    Register(
        "packets_suspect",
        0x80,
        "ro",
        "packets sent until nothing was left of what came before a check failed or parameters were written",
    ),
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
        "taken": TAKEN,
        "registers": [asdict(entry) for entry in REGISTERS],
        "memories": [
            {
                "name": region.name,
                "offset": window + 4 * region.base,
                "words": region.words,
                "bus_words_per_word": region.lanes,
                "takes": "halted",
            }
            for region in regions
        ],
    }


def c_header(regions: list[Region], addr_bits: int) -> str:
    """The same as preprocessor constants."""
    window = 1 << window_bit(addr_bits)
    lines = ["#ifndef SPIKE_ENCODER_H", "#define SPIKE_ENCODER_H", ""]
    for entry in REGISTERS:
        name = f"SPIKE_ENCODER_{entry.name.upper()}"
        lines.append(f"#define {name} 0x{entry.offset:02X} /* {entry.description}; {_written(entry.takes, entry)} */")
        for bit in entry.fields:
            lines.append(f"#define {name}_{bit.name.upper()} 0x{1 << bit.bit:X} /* {_written(bit.takes, entry)} */")
    lines.append("")
    for region in regions:
        name = f"SPIKE_ENCODER_{region.name.upper()}"
        lines.append(f"#define {name}_OFFSET 0x{window + 4 * region.base:05X}")
        lines.append(f"#define {name}_WORDS {region.words * region.lanes}")
    return "\n".join([*lines, "", "#endif", ""])


def _written(takes: Takes | None, entry: Register) -> str:
    """What becomes of a write."""
    if takes is None:
        return "read-only"
    return "cleared by a write" if entry.access == "count" else f"taken {TAKEN[takes]}"
