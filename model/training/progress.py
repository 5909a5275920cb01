"""The line that a training shows while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from model.training.train import EpochResult

__all__ = ["ProgressLine", "progress_line"]


class ProgressLine(Protocol):
    """What :func:`progress_line` gives and ``train`` calls."""

    def __call__(self, result: EpochResult, /) -> None:
        """Show one more epoch."""


@contextmanager
def progress_line(design: str, console: Console | None = None) -> Iterator[ProgressLine]:
    """A line with the time left, SNDR, codeword entropy and loss on a terminal, of which a narrow one shows what fits;
    elsewhere, ten lines of text in all."""
    columns = (
        TextColumn("train {task.fields[design]}"),
        BarColumn(10),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
    )
    with Progress(*columns, console=console, expand=True) as bar:
        task = bar.add_task("train", total=None, design=design, text="")

        def show(result: EpochResult) -> None:
            text = (
                f"SNDR {result.sndr_mean_db:5.2f} dB  entropy {result.entropy_bits:4.2f} bit  "
                f"codewords {result.codewords_used}  loss {result.loss:8.2f}"
            )
            bar.update(task, completed=result.epoch, total=result.epochs, text=text)
            if not bar.console.is_terminal and result.epoch % max(1, result.epochs // 10) == 0:
                bar.console.print(f"train {design} {result.epoch}/{result.epochs}  {text}")

        yield show
