"""The table as a page of the guide."""

from datetime import date

from sim.regress.processor import processor
from spikecae.cores import usable_cores

__all__ = ["page"]

PAGE = """\
# Regression

What the parts of `make regress` found when they last ran, on {day}, on {cores} cores ({processor}).
`python -m sim.regress --document docs/regression.md` wrote it, of the files that the parts left in `build/`.

```text
{table}
```

- *designs*: every shipped design on blocks of its test set, at full rate and with pauses, each stage's values and each
  byte against golden; behind it cocotb's bench in two simulators.
- *control*: random hosts against the model of [the control plane](hardware.md#control-plane).
- *buses*: small chips [between bus models](hardware.md#between-bus-models) of others.
- *gates*: netlists of the shipped designs, each from unknown registers and from random ones; `tiny` on 64 blocks with
  stalls, the others on one or two. Large designs in the cells of kits are of `make gates`.
- *mutants*: faults planted in two chips. Of those that no bench kills, some are proved equivalent; some are argued to
  be harmless, as no pin can show them; the rest are explained. `sim/grade/survivors.toml` has each reason.
- *proofs*: [properties](proofs.md) of components.
- *coverage*: of the Verilog under the same benches; what is excluded, and why, is in `sim/coverage/exclusions.toml`.
- *soak*: a share of an hour of 1,000 channels.
- *time*: of each part; *tests* are those in `tests/` marked `regress`.
"""


def page(table: str, day: date) -> str:
    """It in Markdown.

    Args:
        table: as :func:`sim.regress.table.table` makes it.
        day: on which the parts ran.
    """
    return PAGE.format(day=day.isoformat(), cores=usable_cores(), processor=processor(), table=table)
