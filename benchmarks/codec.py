"""``python -m benchmarks.codec``: the codec's speed as ratios, as a table and as JSON."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from sim.regress.processor import processor
from spikecae.files import write_text

__all__ = ["CodecBenchmark", "Measurement", "main"]

LIBRARIES = ("numpy", "numba", "torch", "onnxruntime")


class Measurement(BaseModel):
    """One comparison. ``target`` is for ``ratio``, or for ``rate`` where there is no reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    unit: str
    rate: float
    reference: str
    reference_rate: float | None
    ratio: float | None
    target: float | None
    reached: bool | None


class CodecBenchmark(BaseModel):
    """``codec.json``: every rate is the best of many rounds in which the alternatives took turns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    cores: int
    processor: str
    versions: dict[str, str]
    measurements: list[Measurement]


def main(
    design: Annotated[str, typer.Option(help="A design with shipped weights, spec and decoder.")] = "neuropixels",
    cores: Annotated[int, typer.Option(min=1, help="Cores that everything runs on.")] = 1,
    json: Annotated[Path, typer.Option(help="File to write the result to.")] = Path("build/benchmarks/codec.json"),
) -> None:
    """Measure the codec against NumPy, PyTorch and ONNX Runtime on the same cores."""
    usable = sorted(os.sched_getaffinity(0))
    if cores > len(usable):
        raise typer.BadParameter(f"this machine lends {len(usable)} cores, asked for {cores}")
    os.sched_setaffinity(0, usable[:cores])  # before the libraries below count them

    import torch

    from benchmarks.codec_cases import cases

    torch.set_num_threads(cores)
    console = Console(width=140, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "rate", "", "against", "rate", "ratio", "target"):
        table.add_column(heading, justify="right" if heading in ("rate", "ratio") else "left")
    measurements = []
    with console.status("measuring"):
        for case in cases(Path("designs") / f"{design}.toml"):
            measurements.append(
                Measurement(
                    name=case.name,
                    unit=case.unit,
                    rate=case.rate,
                    reference=case.reference,
                    reference_rate=case.reference_rate,
                    ratio=case.ratio,
                    target=case.target,
                    reached=case.reached,
                )
            )
            table.add_row(
                case.name,
                f"{case.rate:.4g}",
                case.unit,
                case.reference,
                "" if case.reference_rate is None else f"{case.reference_rate:.4g}",
                "" if case.ratio is None else f"{case.ratio:.2f}",
                "" if case.target is None else f"≥ {case.target:g} {'✓' if case.reached else '✗'}",
            )
    console.print(table)
    result = CodecBenchmark(
        design=design,
        cores=cores,
        processor=processor(),
        versions={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        measurements=measurements,
    )
    write_text(json, result.model_dump_json(indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
