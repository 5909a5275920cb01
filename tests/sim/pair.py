"""The same chip twice, one with a clock that stops: random work and sleep, every pin compared in every cycle."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtl.files import COMPRESSOR
from rtl.host.clock_request import REASONS
from rtl.host.register_map import REGISTERS, register
from rtl.manifest import Manifest
from rtl.units.clock_gate import CLOCK_GATE, UNGATED
from sim.verilate import build_driver
from sim.wrapper import SPIKES_ONLY, WRAPPER

__all__ = ["ALL", "TERMS", "Pair", "Slept", "pair_verilog"]

DRIVER = Path(__file__).with_name("pair.cpp")
TERMS = (*REASONS, "tokens")
"""Of what asks for the clock; each can be left out."""
ALL = (1 << len(TERMS)) - 1
GUARDED = {"m_axis_tdata": "m_axis_tvalid", "m_axis_tlast": "m_axis_tvalid", "s_axil_bresp": "s_axil_bvalid"} | {
    f"s_axil_{name}": "s_axil_rvalid" for name in ("rdata", "rresp")
}
"""Outputs that say something only beside another one."""
SETTINGS = {
    "timeout": (0, 40, 300, 2000),
    "scrub_idle": (0, 700, 3000, 1 << 24),
    "scrub_blocks": (0, 2, 5),
    "rate_limit": (0, 0, 1 << 14, 1 << 18, 1 << 22),
    "rate_burst": (1, 500, 5000),
    "sidecar": (0, 1, 2, 3),
    "threshold": (30, 60, 90),
    "control": (1, 1, 1, 3, 3, 0, 2, 5),
}
"""What is written in between; to ``packet_blocks``, ``point`` and the counters something, too."""


@dataclass(frozen=True)
class Slept:
    """What a run was like. ``differs``: the first cycle in which a pin differed, -1 for none."""

    cycles: int
    asleep: int
    wakes: int
    packets: int
    reads: int
    resets: int
    differs: int


def pair_verilog(verilog: str, manifest: Manifest, top: str) -> tuple[str, str]:
    """Both chips' Verilog, and that of the wrapper around them: its pins are those of one, ``mask`` says which of
    ``TERMS`` count for the gated one, ``differs`` that a pin does, and ``awake`` whether its clock runs.

    Args:
        verilog: of the chip.
        manifest: the encoder's.
        top: its top level, the encoder or the compressor.
    """
    some, tokens = f"{WRAPPER}.mask[{len(REASONS) - 1}:0]", f"{WRAPPER}.mask[{len(REASONS)}]"
    masked, count = re.subn(r"= \| (\{[^}]*\bsample[^}]*\});", rf"= | (\1 & {some});", verilog)
    masked, other = re.subn(r"\| tokens;", f"| (tokens & {tokens});", masked)
    assert (count, other) == (1, 1), "the request's Verilog is another"
    free = re.sub(rf"\b({top}|{CLOCK_GATE})\b", r"free_\1", verilog).replace(f"`ifdef {UNGATED}", f"`ifndef {UNGATED}")
    missing = SPIKES_ONLY if top == COMPRESSOR else ()
    ports = [port for port in manifest.ports if port.name not in missing]
    outputs = [port for port in ports if port.direction == "out"]
    lines = [f"module {WRAPPER}(", "  input [31:0] mask, output differs, output awake,"]
    lines.append(",\n".join(f"  {p.direction}put [{p.width - 1}:0] {p.name}" for p in manifest.ports) + ");")
    lines += [f"  wire [{port.width - 1}:0] free_{port.name};" for port in outputs]
    for name, prefix in ((top, ""), (f"free_{top}", "free_")):
        pins = ", ".join(f".{p.name}({prefix if p.direction == 'out' else ''}{p.name})" for p in ports)
        lines.append(f"  {name} {prefix or 'gated_'}chip({pins});")
    compared = [
        f"({f'free_{GUARDED[p.name]} & ' if p.name in GUARDED else ''}({p.name} != free_{p.name}))"
        for p in outputs
        if p.name != "clock_request"
    ]
    lines += [f"  assign differs = {' | '.join(compared)};", "  assign awake = clock_request;", "endmodule", ""]
    return f"{masked}\n{free}", "\n".join(lines)


class Pair:
    """Two compiled chips.

    Args:
        verilog: file of the chip.
        manifest: the encoder's.
        load: register writes that start it.
        samples: of a spike.
        folder: where programs are kept.
        channels: of a compressor, 0 for an encoder.
    """

    def __init__(
        self,
        verilog: Path,
        manifest: Manifest,
        load: Sequence[tuple[int, int]],
        samples: int,
        folder: Path,
        channels: int = 0,
    ) -> None:
        chips, wrapper = pair_verilog(verilog.read_text(encoding="utf-8"), manifest, verilog.stem.partition(".")[0])
        self._program = build_driver(chips, wrapper, DRIVER, folder)
        lines = [f"shape {samples} {channels}"]
        beyond = [(offset, value) for offset, value in load if offset >= 1 << 12]
        lines += [f"load {offset} {value}" for offset, value in beyond]
        start = [(offset, value) for offset, value in load if offset < 1 << 12]
        lines += [f"start {offset} {value}" for offset, value in start or [(register("control").offset, 1)]]
        known = {entry.name: entry for entry in REGISTERS}
        choices = {**SETTINGS, "packet_blocks": (1, 2, 3, manifest.packet_blocks)}
        choices |= {"point": range(len(manifest.point_hashes) + 1)}
        choices |= {entry.name: (0,) for entry in REGISTERS if entry.access == "count"}
        lines += [f"write {known[name].offset} {value}" for name, values in choices.items() for value in values]
        lines += [f"read {entry.offset} 0" for entry in REGISTERS]
        self._script = "\n".join([*lines, ""])

    def run(self, wakes: int, seed: int = 1, without: str | None = None, limit: int = 1 << 40) -> Slept:
        """Until the clock has been started so many times, a pin differs, or ``limit`` cycles are over.

        Args:
            wakes: of the clock.
            seed: of what is done when.
            without: the one of ``TERMS`` that is left out.
        """
        mask = ALL & ~(1 << TERMS.index(without)) if without else ALL
        command = [str(self._program), *map(str, (seed, wakes, mask, limit))]
        done = subprocess.run(command, input=self._script, capture_output=True, text=True, check=True)
        return Slept(**json.loads(done.stdout))
