"""All experiments, in the order in which they are run and documented."""

from experiments import (
    code_tables,
    eight_bits,
    estimate,
    fig4,
    fig5,
    fig6,
    fig7,
    fig8,
    fig9,
    fig10,
    fig11,
    frontier,
    implant,
    lite,
    lite_few,
    lite_knobs,
    lite_others,
    lite_points,
    lite_robust,
    lite_safety,
    lite_silicon,
    lite_sorting,
    own_codebooks,
    packets,
    placement,
    pulses,
    silicon,
    silicon_knobs,
    table1,
)

__all__ = ["CATALOGUE"]

MODULES = (
    *(frontier, table1, fig4, fig5, fig6, fig7, fig8, fig9, fig10, fig11),
    *(lite, lite_safety, lite_robust, lite_sorting, lite_knobs, lite_few, lite_points, lite_others, own_codebooks),
    *(lite_silicon, implant, placement, pulses, eight_bits, code_tables, packets, silicon, silicon_knobs, estimate),
)
CATALOGUE = {module.EXPERIMENT.name: module.EXPERIMENT for module in MODULES}
