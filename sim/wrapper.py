"""The Verilog around the encoder that every simulator runs: its ports, and its taps by hierarchical reference.

The encoder's own Verilog is left as it is shipped. The wrapper adds two outputs: ``tap_fire``, one bit per
tap, set in a cycle whose rising edge moves a transfer; and ``tap_payload``, all taps' payloads, each from a
multiple of 32 bits on.
"""

from dataclasses import dataclass

from rtl.files import COMPRESSOR, ENCODER
from rtl.manifest import Manifest, Tap

__all__ = ["MAX_TAPS", "WITHIN", "WRAPPER", "TapSlot", "tap_slots", "wrapper_verilog"]

WRAPPER = "spike_encoder_wrapper"
"""Name of the wrapper module."""

WITHIN = {ENCODER: "", COMPRESSOR: "compressor."}
"""Where the chip lies below each top level."""

SPIKES_ONLY = ("s_axis_tlast", "s_axis_tuser")
"""Inputs that a compressor has not: the wrapper leaves them open."""

MAX_TAPS = 32
"""Bits of ``tap_fire``."""

MIN_PAYLOAD_BITS = 96
"""Verilator passes wider ports as arrays of 32-bit words, narrower ones as scalars."""


@dataclass(frozen=True)
class TapSlot:
    """Where a tap's payload lies in ``tap_payload``: from 32-bit word ``word`` on, in ``words`` words."""

    tap: Tap
    word: int
    words: int


def tap_slots(manifest: Manifest) -> list[TapSlot]:
    """The taps in pipeline order.

    Raises:
        ValueError: there are more taps than ``tap_fire`` has bits, or an element is wider than 32 bits.
    """
    if not 0 < len(manifest.taps) <= MAX_TAPS:
        raise ValueError(f"the manifest of {manifest.design!r} has {len(manifest.taps)} taps, must be 1..{MAX_TAPS}")
    slots, word = [], 0
    for tap in manifest.taps:
        if tap.width > 32:
            raise ValueError(f"tap {tap.stage!r} has elements of {tap.width} bits, 32 at most")
        words = -(-tap.payload_width // 32)
        slots.append(TapSlot(tap, word, words))
        word += words
    return slots


def wrapper_verilog(manifest: Manifest, top: str = ENCODER) -> str:
    """The wrapper as Verilog-2005, named :data:`WRAPPER`.

    Args:
        manifest: the encoder's.
        top: the encoder, or the compressor with the same one in it.
    """
    missing = SPIKES_ONLY if top == COMPRESSOR else ()
    slots = tap_slots(manifest)
    used_bits = 32 * (slots[-1].word + slots[-1].words)
    payload_bits = max(used_bits, MIN_PAYLOAD_BITS)
    ports = [f"  {port.direction}put {_range(port.width)}{port.name}" for port in manifest.ports]
    ports += [f"  output {_range(MAX_TAPS)}tap_fire", f"  output {_range(payload_bits)}tap_payload"]
    connections = [f"    .{port.name}({port.name})" for port in manifest.ports if port.name not in missing]
    lines = [f"module {WRAPPER}(", ",\n".join(ports), ");"]
    lines += [f"  {top} dut(", ",\n".join(connections), "  );"]
    for number, slot in enumerate(slots):
        tap, low = slot.tap, 32 * slot.word
        instance = f"{tap.instance}." if tap.instance else ""  # without one, the tap is the chip's own
        path = f"dut.{WITHIN[top]}{instance}"
        used = tap.payload_width
        lines.append(f"  assign tap_fire[{number}] = {path}{tap.valid} & {path}{tap.ready};")
        lines.append(f"  assign tap_payload[{low + used - 1}:{low}] = {path}{tap.payload};")
        if used % 32:
            lines.append(f"  assign tap_payload[{low + 32 * slot.words - 1}:{low + used}] = {-used % 32}'d0;")
    if used_bits < payload_bits:
        lines.append(f"  assign tap_payload[{payload_bits - 1}:{used_bits}] = {payload_bits - used_bits}'d0;")
    if len(slots) < MAX_TAPS:
        lines.append(f"  assign tap_fire[{MAX_TAPS - 1}:{len(slots)}] = {MAX_TAPS - len(slots)}'d0;")
    return "\n".join([*lines, "endmodule", ""])


def _range(width: int) -> str:
    return f"[{width - 1}:0] " if width > 1 else ""
