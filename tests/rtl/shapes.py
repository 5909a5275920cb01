"""Hardware knobs for tests, and what a plan of the paper's network is made of."""

from rtl.shape.plan import Plan
from rtl.shape.products import BlockPlan, DotPlan
from rtl.stages.project import ProjectPart
from rtl.stages.residual import ResidualPart
from spikecae.design import Hardware


def hardware(fold: int = 2, **knobs: object) -> Hardware:
    """Built-in parameters unless asked otherwise: nothing needs loading."""
    return Hardware(**{"fold": fold, "parameters": "rom", **knobs})


def first(plan: Plan) -> DotPlan:
    """The first convolution."""
    return next(plan.dots)


def blocks(plan: Plan) -> list[BlockPlan]:
    """The residual blocks."""
    return [part.block for part in plan.parts if isinstance(part, ResidualPart)]


def projection(plan: Plan) -> ProjectPart:
    """The last convolution."""
    (part,) = (part for part in plan.parts if isinstance(part, ProjectPart))
    return part


def entry_bits(plan: Plan) -> tuple[int, int]:
    """Width of a bias, and of a whole entry (bias, shift, identity shift)."""
    return plan.widths.bias_bits, plan.widths.entry_bits
