"""``docs/results.md``, from the results as stored: nothing in it is typed in by hand."""

from collections.abc import Mapping
from pathlib import Path

from experiments.result import ExperimentResult, Row, Statistic

__all__ = ["DOCUMENT", "document"]

DOCUMENT = Path("docs/results.md")

HEAD = """# Results

Measured by `make experiments`, generated from `experiments/results/*.json`; change those, not this file.
± is the sample deviation over seeds. *reported* is the paper's number: Wu, Zhao, Keefer, Yang, *Deep Compressive
Autoencoder for Action Potential Compression in Large-Scale Neural Recording*, J. Neural Eng. 2018.
Provenance: *real* recordings; *semi-synthetic*, real waveforms in simulated recordings; *synthetic*, all simulated.
"""


def document(results: Mapping[str, ExperimentResult], figures: Path) -> str:
    """The document of ``results``, with the figures that there are in ``figures``."""
    parts = [HEAD]
    for result in results.values():
        parts.append(f"## {result.title}\n")
        parts.extend(f"{remark}\n" for remark in result.remarks)
        if (figures / f"{result.name}.svg").exists():
            parts.append(f"![{result.title}](figures/{result.name}.svg)\n")
        parts.append(_table(result.rows))
        parts.append(
            f"Runs took {result.wall_s:.0f} s, trainings counted once for each row they serve, on a shared machine.\n"
            f"Repeat with `{result.repeat_with}`.\n"
        )
    return "\n".join(parts)


def _table(rows: list[Row]) -> str:
    labels = list(dict.fromkeys(name for row in rows for name in row.labels))
    metrics = list(dict.fromkeys(name for row in rows for name in row.metrics))
    reported = [name for name in metrics if any(name in row.paper for row in rows)]
    heads = [*labels, *metrics, *(f"{name}, reported" for name in reported), "epochs", "seeds", "provenance"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row.labels.get(name, "") for name in labels]
        cells += [_cell(row.metrics.get(name)) for name in metrics]
        cells += [f"{row.paper[name]:.2f}" if name in row.paper else "" for name in reported]
        cells += [_list(row.epochs), _list(row.seeds), row.provenance]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: Statistic | None) -> str:
    if value is None:
        return ""
    deviation = "" if value.deviation is None else f" ± {value.deviation:.2f}"
    return f"{value.mean:.2f}{deviation}"


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "–"
