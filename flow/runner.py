"""Running a stage only if something it depends on has changed, and leaving either the old outputs or the new ones."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.markup import escape

from flow.fingerprint import KnownHashes, hash_path
from flow.task import Task
from spikecae.files import write_text

__all__ = ["StageError", "Stamp", "exclusive", "read_stamp", "run_task", "stamp_path"]


class StageError(RuntimeError):
    """A stage that ran and found something wrong."""


class Stamp(BaseModel):
    """What a stage's outputs were made from, and their content."""

    schema_version: Literal[1] = 1
    ingredients: dict[str, dict[str, str]]
    outputs: dict[str, str]
    summary: str
    wall_s: float


@contextmanager
def exclusive(build: Path) -> Iterator[None]:
    """Hold the build folder, so that two runs on one design cannot mix their outputs.

    Raises:
        StageError: another run holds it.
    """
    build.mkdir(parents=True, exist_ok=True)
    with open(build / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StageError(f"{build} is in use by another run; wait for it to end, or stop it") from None
        yield


def run_task(task: Task, build: Path, console: Console) -> bool:
    """Bring a stage's outputs up to date; whether there was anything to do.

    The outputs are made in a folder beside the old ones, which stay as they are if the stage fails.
    """
    _restore(task.output)
    stamp_file = stamp_path(task, build)
    known = KnownHashes(build / "stamps" / "large-files.json")
    ingredients = task.ingredients(known)
    reason = _reason(task, read_stamp(stamp_file), ingredients, known)
    label = f"[bold]{escape(task.name):<9}[/]"
    if reason is None:
        console.print(f"{label} nothing to do", highlight=False, soft_wrap=True)
        return False
    console.print(f"{label} [dim]{escape(reason)}[/]", highlight=False, soft_wrap=True)
    new = task.output.parent / f".{task.output.name}.new" if task.replaces_folder else build / f".{task.name}.new"
    if new.exists() and not task.resumes:
        shutil.rmtree(new)
    new.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    try:
        summary = task.run(new, console)
        lacking = [name for name in task.files if not (new / name).is_file()]
        if lacking:
            raise StageError(f"{task.name} ended without writing {', '.join(lacking)}")
    except BaseException:
        if not task.resumes:
            shutil.rmtree(new, ignore_errors=True)
        raise
    wall_s = time.monotonic() - started
    stamp_file.unlink(missing_ok=True)  # until the outputs are in place, nothing vouches for them
    _publish(task, new)
    outputs = {name: hash_path(task.output / name) for name in task.files}
    stamp = Stamp(ingredients=ingredients, outputs=outputs, summary=summary, wall_s=round(wall_s, 2))
    write_text(stamp_file, stamp.model_dump_json(indent=1) + "\n")
    console.print(
        f"{'':<9} {escape(summary)} [dim]({wall_s:.1f} s → {task.output})[/]", highlight=False, soft_wrap=True
    )
    return True


def stamp_path(task: Task, build: Path) -> Path:
    """Where a stage's stamp lies."""
    return build / "stamps" / f"{task.name.replace(' ', '-')}.json"


def read_stamp(path: Path) -> Stamp | None:
    """A stage's stamp; None where there is none that can be read."""
    try:
        return Stamp.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _reason(task: Task, stamp: Stamp | None, ingredients: dict[str, dict[str, str]], known: KnownHashes) -> str | None:
    """Why the stage must run, in words; None if it need not."""
    present = {name: hash_path(task.output / name, known) for name in task.files if (task.output / name).is_file()}
    if stamp is None:
        return "not made here yet"
    for name in task.files:
        if name not in present:
            return f"{task.output / name} is missing"
        if present[name] != stamp.outputs.get(name):
            return f"{task.output / name} was changed by hand; making it anew"
    for kind, values in ingredients.items():
        before = stamp.ingredients.get(kind, {})
        changed = sorted(name for name in values.keys() | before.keys() if values.get(name) != before.get(name))
        if changed:
            rest = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            return f"{kind} {changed[0]}{rest} changed"
    return None


def _publish(task: Task, new: Path) -> None:
    """Put what was made in place of the old."""
    if not task.replaces_folder:
        for name in task.files:
            os.replace(new / name, task.output / name)
        shutil.rmtree(new)
        return
    old = task.output.parent / f".{task.output.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if task.output.exists():
        task.output.rename(old)
    new.rename(task.output)
    shutil.rmtree(old, ignore_errors=True)


def _restore(output: Path) -> None:
    """Undo an exchange of folders that was interrupted half-way."""
    old = output.parent / f".{output.name}.old"
    if old.exists() and not output.exists():
        old.rename(output)
