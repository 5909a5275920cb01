"""Where data come from."""

from typing import Literal

__all__ = ["Provenance"]

Provenance = Literal["real", "semi-synthetic", "synthetic"]
"""A real recording, a simulated one with real waveforms, or all simulated."""
