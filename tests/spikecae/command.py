"""The command as tests call it."""

from collections.abc import Callable
from pathlib import Path

__all__ = ["ROOT", "SHIPPED", "Run"]

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "designs" / "tiny"

Run = Callable[..., str]
"""Runs ``spikecae`` in a folder of its own; all that it says. ``status`` is the exit status that it must have."""
