"""The line that a training shows while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.training.train import EpochResult

__all__ = ["ProgressLine", "progress_line"]


class ProgressLine(Protocol):
    """What :func:`progress_line` gives and ``train`` calls."""

    def __call__(self, result: EpochResult, /) -> None:
        """Show one more epoch."""


@contextmanager
def progress_line(design: str, console: Console | None = None) -> Iterator[ProgressLine]:
    """A line with loss, SNDR and codeword entropy on a terminal; elsewhere, ten lines of text in all."""
    columns = (
        TextColumn("train {task.fields[design]}"),
        BarColumn(20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("train", total=None, design=design, text="")

        def show(result: EpochResult) -> None:
            text = (
                f"loss {result.loss:8.2f}  SNDR {result.sndr_mean_db:5.2f} dB  "
                f"entropy {result.entropy_bits:4.2f} bit  codewords {result.codewords_used}"
            )
            bar.update(task, completed=result.epoch, total=result.epochs, text=text)
            if not bar.console.is_terminal and result.epoch % max(1, result.epochs // 10) == 0:
                bar.console.print(f"train {design} {result.epoch}/{result.epochs}  {text}")

        yield show
