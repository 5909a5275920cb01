"""``python -m sim.regress.part NAME COMMAND …``: run a part of a regression, and keep how long it took."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from spikecae.files import write_text

__all__ = ["PARTS", "Part", "run_part", "wall_of"]

PARTS = Path("build/regress/parts")


class Part(BaseModel):
    """What a part took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    began_s: float
    """Seconds since 1970."""
    wall_s: float
    processor_s: float
    """Of all its processes."""

    def __str__(self) -> str:
        failed = "" if self.passed else ", FAILED"
        return f"{self.name}: {self.wall_s / 60:.1f} minutes, {self.processor_s / 60:.1f} of the processor{failed}"


def run_part(name: str, command: list[str], folder: Path = PARTS) -> int:
    """Run it.

    Args:
        name: of the part, and of its file.
        command: and its arguments.
        folder: gets ``NAME.json``.

    Returns:
        The command's exit code.
    """
    began_s, began, before = time.time(), time.monotonic(), _processor_s()
    code = subprocess.run(command, check=False).returncode
    took = {"wall_s": round(time.monotonic() - began, 1), "processor_s": round(_processor_s() - before, 1)}
    part = Part(name=name, passed=code == 0, began_s=round(began_s, 1), **took)
    write_text(folder / f"{name}.json", part.model_dump_json(indent=1) + "\n")
    return code


def wall_of(parts: Iterable[Part]) -> float:
    """Seconds in which one of them at least was under way: some run at the same time."""
    total = end = 0.0
    for part in sorted(parts, key=lambda part: part.began_s):
        over = part.began_s + part.wall_s
        total += max(0.0, over - max(end, part.began_s))
        end = max(end, over)
    return total


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(run_part(sys.argv[1], sys.argv[2:]))
