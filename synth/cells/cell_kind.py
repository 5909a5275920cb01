"""A library cell as the gate-level simulator sees it: pins in order, its function, and what each transition costs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synth.cells.functions import truth_table
from synth.cells.liberty import Cell, InternalPower, Pin

__all__ = ["CellKind", "Transition", "cell_kind"]

Role = Literal["gate", "flip-flop", "clock gate", "tie"]


@dataclass(frozen=True)
class Transition:
    """Energy of a pin's transition inside a cell. ``cause`` is the input that makes an output change."""

    pin: int
    cause: int | None
    power: InternalPower


@dataclass(frozen=True)
class CellKind:
    """A cell. Pins are numbered inputs first; bit n of a state is the value of pin n."""

    cell: Cell
    role: Role
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: NDArray[np.uint8]
    """(2^inputs,): a gate's output; (outputs,): a tie's values; (outputs,): 1 for an inverted output of a flip-flop."""
    clock: int
    """Clock pin, -1 without one."""
    data: int
    """Data pin of a flip-flop, enable pin of a clock gate, -1 otherwise."""
    transitions: tuple[Transition, ...]

    @property
    def pins(self) -> int:
        """Inputs and outputs."""
        return len(self.inputs) + len(self.outputs)

    def pin(self, number: int) -> Pin:
        """A pin by its number."""
        return self.cell.pins[(*self.inputs, *self.outputs)[number]]

    @cached_property
    def passive(self) -> NDArray[np.int16]:
        """(inputs, 2^pins): the transition that an input's change is, -1 where it costs nothing."""
        return np.stack([self._choose(pin, None) for pin in range(len(self.inputs))])

    @cached_property
    def active(self) -> NDArray[np.int16]:
        """(outputs, inputs, 2^pins): the transition that an output's change is, by the input that caused it."""
        first = len(self.inputs)
        return np.stack(
            [np.stack([self._choose(first + out, cause) for cause in range(first)]) for out in range(len(self.outputs))]
        )

    def _choose(self, pin: int, cause: int | None) -> NDArray[np.int16]:
        """By state: the first entry whose condition holds, else the one without a condition."""
        chosen = np.full(1 << self.pins, -1, dtype=np.int16)
        candidates = [(n, t) for n, t in enumerate(self.transitions) if t.pin == pin and t.cause == cause]
        for number, transition in sorted(candidates, key=lambda item: item[1].power.when is None):
            when = transition.power.when
            holds = np.ones(chosen.size, bool) if when is None else truth_table(when, (*self.inputs, *self.outputs))
            chosen[(chosen < 0) & holds] = number
        return chosen


def cell_kind(cell: Cell) -> CellKind:
    """Describe a cell.

    Raises:
        ValueError: a cell that a mapped netlist does not have: a latch, a gate of several outputs, a macro.
    """
    inputs = tuple(pin.name for pin in cell.pins.values() if pin.direction == "input")
    outputs = tuple(pin.name for pin in cell.pins.values() if pin.direction == "output")
    clocks = [n for n, name in enumerate(inputs) if cell.pins[name].clock]
    clock, data = -1, -1
    function = np.zeros(0, dtype=np.uint8)
    role: Role
    if cell.sequential in ("flip-flop", "clock gate"):
        role = "flip-flop" if cell.sequential == "flip-flop" else "clock gate"
        named = next((n for n, name in enumerate(inputs) if cell.data_pin == name), -1)
        if len(clocks) != 1 or named < 0:
            raise ValueError(
                f"cell {cell.name} has {len(clocks)} clock pins, or no plain data pin; it cannot be simulated"
            )
        clock, data = clocks[0], named
        inverted = [cell.pins[name].function == cell.inverted_state for name in outputs]
        function = np.array(inverted, dtype=np.uint8)
    elif cell.sequential or cell.memory:
        raise ValueError(f"cell {cell.name} is a {cell.sequential or 'memory'}; it cannot be simulated among gates")
    elif not inputs:
        role = "tie"
        function = np.array([cell.pins[name].function == "1" for name in outputs], dtype=np.uint8)
    elif len(outputs) == 1:
        role = "gate"
        function = truth_table(cell.pins[outputs[0]].function or "", inputs).astype(np.uint8)
    else:
        raise ValueError(f"cell {cell.name} has {len(outputs)} outputs; only flip-flops and ties may have several")
    return CellKind(cell, role, inputs, outputs, function, clock, data, _transitions(cell, inputs, outputs))


def _transitions(cell: Cell, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> tuple[Transition, ...]:
    found = []
    for number, name in enumerate((*inputs, *outputs)):
        for power in cell.pins[name].internal_power:
            if number < len(inputs):
                found.append(Transition(number, None, power))
                continue
            # Without a related pin, whatever made the output change.
            causes = (power.related_pin or " ".join(inputs)).split()
            found += [Transition(number, inputs.index(cause), power) for cause in causes if cause in inputs]
    return tuple(found)
