"""A progress bar for stages that report step, done and total."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Step", "stepper"]

Step = Callable[[str, int, int], None]


@contextmanager
def stepper(stage: str, console: Console) -> Iterator[Step]:
    """A bar that is called with the step's name, how much of it is done, and of how much; it leaves nothing behind."""
    columns = (
        TextColumn(f"{stage} {{task.description}}"),
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total)
