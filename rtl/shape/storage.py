"""Where activations wait on the chip, and how many bits each place takes."""

from rtl.memory.images import SHIFT_BITS
from rtl.shape.plan import DotPlan, Plan
from rtl.shape.schedule import residual_delay
from rtl.units.projector import sum_banks

__all__ = ["activation_bits", "input_bits"]


def activation_bits(plan: Plan) -> dict[str, int]:
    """Bits of data registers and memories between input buffer and indices, by what they hold.

    Left out: the input buffer (:func:`input_bits`), parameters, the packet buffer, counters and flags.
    """
    dots = list(plan.dots)
    requantized = list(plan.requantized)
    pools = [block for block in plan.blocks if block.pool > 1]
    project = plan.project
    return {
        "windows": sum(dot.layer.input_bits * dot.inputs for dot in dots),
        "accumulators, with their shifts": project.lanes * project.accumulator_bits
        + sum(dot.lanes * (dot.accumulator_bits + SHIFT_BITS) for dot in requantized),
        "outputs of convolutions": sum(dot.layer.output_bits * dot.outputs for dot in requantized),
        "pools": sum(block.expand.layer.output_bits * block.expand.outputs for block in pools),
        "residual delays": sum(
            residual_delay(block.conv) * block.expand.identity_bits * block.reduce.group_inputs for block in plan.blocks
        ),
        "sums over groups": _sums(project),
        "sums to be written": _written(project),
        "latents": plan.search.bits * project.outputs * project.samples,
    }


def input_bits(plan: Plan) -> int:
    """Bits of the input buffer: two blocks of normalized samples."""
    return 2 * 8 * plan.spec.spikes * plan.spec.samples


def _written(project: DotPlan) -> int:
    if project.output_steps * project.samples == 1:
        return 0
    return sum_banks(project) * project.lanes * project.accumulator_bits


def _sums(project: DotPlan) -> int:
    return project.output_steps * project.samples * project.lanes * project.accumulator_bits
