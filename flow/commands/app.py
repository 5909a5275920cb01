"""The application, and what its commands answer: text for people or, with ``--json``, the same for programs.

With ``--json`` standard output has the JSON alone: progress and notes go to standard error.
"""

import inspect
import json
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console

from spikecae.__main__ import INTERRUPTED

__all__ = ["STOPPED", "Answer", "Said", "Written", "app", "asks", "command", "console", "examples_of"]

app = typer.Typer(
    help="From spikes to proven Verilog: train, quantize, emit, simulate, synthesize, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

STOPPED = INTERRUPTED
"""Exit status of a command that Ctrl-C ended."""
RESUMED = "stopped: what is finished stays, and the same command goes on from there"
BEGUN_ANEW = "stopped before it was done: the same command begins anew"
EXAMPLE = "  python -m flow "
Json = Annotated[
    bool, typer.Option("--json", help="The result as JSON on standard output, the rest on standard error.")
]

_as_json: ContextVar[bool] = ContextVar("as_json", default=False)


class Said(BaseModel):
    """A line that is all there is to say."""

    text: str


class Written(BaseModel):
    """Files that a command left."""

    files: list[Path]


@dataclass(frozen=True)
class Answer:
    """``content``, a record or the JSON file that a stage wrote; the ``text`` that shows it; and whether all is
    ``well``: else the exit status is 1."""

    content: BaseModel | Path
    text: str = ""
    well: bool = True

    @property
    def json(self) -> str:
        """The content as JSON."""
        if isinstance(self.content, Path):
            return json.dumps(json.loads(self.content.read_bytes()), indent=1)
        return self.content.model_dump_json(indent=1)


def console() -> Console:
    """Where progress, notes and tables of a command go."""
    width = None if sys.stdout.isatty() else 120
    return Console(width=width, highlight=False, stderr=_as_json.get())


def asks() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and not _as_json.get()


def command(*examples: str, name: str | None = None, resumes: bool = False) -> Callable[[Callable[..., Answer]], None]:
    """Make a function a command with ``--json``, and with examples in its help, each without ``python -m flow``. One
    that ``resumes`` keeps what it has done when it is stopped."""

    def register(work: Callable[..., Answer]) -> None:
        @wraps(work)
        def run(*, as_json: bool = False, **given: Any) -> None:
            token = _as_json.set(as_json)
            try:
                answer = work(**given)
            except KeyboardInterrupt:
                print(RESUMED if resumes else BEGUN_ANEW, file=sys.stderr)
                raise typer.Exit(STOPPED) from None
            finally:
                _as_json.reset(token)
            if as_json or answer.text:
                print(answer.json if as_json else answer.text)
            if not answer.well:
                raise typer.Exit(1)

        signature = inspect.signature(work)
        flag = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json)
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), flag], return_annotation=None
        )
        run.__annotations__ = {**work.__annotations__, "as_json": Json, "return": None}
        heading = "Example:" if len(examples) == 1 else "Examples:"
        epilog = "\n".join(["\b", heading, *(f"{EXAMPLE}{line}" for line in examples)])
        app.command(name, epilog=epilog)(run)

    return register


def examples_of(epilog: str) -> list[str]:
    """The examples in a command's help, without ``python -m flow``."""
    return [line.removeprefix(EXAMPLE) for line in epilog.splitlines() if line.startswith(EXAMPLE)]
