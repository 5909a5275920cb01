"""What a measurement ran on."""

import platform
from pathlib import Path

__all__ = ["processor"]


def processor() -> str:
    """Name of the processor, as Linux has it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
