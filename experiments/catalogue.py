"""All experiments, in the order in which they are run and documented."""

from experiments import fig5, fig9, fig10, fig11, frontier, packets, table1

__all__ = ["CATALOGUE"]

CATALOGUE = {
    module.EXPERIMENT.name: module.EXPERIMENT for module in (frontier, table1, fig5, fig9, fig10, fig11, packets)
}
