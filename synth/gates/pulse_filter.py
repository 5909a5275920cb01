"""What a pulse must outlast to leave a gate: the choices, and what ``power.json`` says of them."""

from typing import Literal

__all__ = ["PASSING", "Filter"]

Filter = Literal["slew", "delay", "half delay", "quarter delay", "none"]
"""Half of its second edge, rail to rail; that edge's delay, half or a quarter of it; or nothing: every pulse leaves."""
PASSING: dict[Filter, str] = {
    "slew": "those that get past half of the supply",
    "delay": "those that outlast the gate's delay",
    "half delay": "those that outlast half of the gate's delay",
    "quarter delay": "those that outlast a quarter of the gate's delay",
    "none": "all",
}
"""Which pulses leave a gate, in words."""
