"""All experiments, in the order in which they are run and documented."""

from experiments import code_tables, eight_bits, fig5, fig9, fig11, frontier, packets, silicon, table1

__all__ = ["CATALOGUE"]

CATALOGUE = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (frontier, table1, fig5, fig9, fig11, eight_bits, code_tables, packets, silicon)
}
