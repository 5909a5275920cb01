"""Notebooks as text: run, and shown with what they print and draw."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import jupytext
from nbclient import NotebookClient

__all__ = ["LONGEST_S", "as_markdown", "executed"]

LONGEST_S = 1200
"""A cell may run."""
KERNEL = "python3"
"""Of the environment that this runs in."""


def executed(source: Path, folder: Path) -> Any:
    """The notebook of a text in ``py:percent`` format, its cells run one after the other in ``folder``.

    Raises:
        CellExecutionError: a cell has failed.
    """
    notebook = jupytext.read(source)
    resources = {"metadata": {"path": str(folder)}}
    quiet = ["--IPKernelApp.log_level=ERROR"]
    NotebookClient(
        notebook, timeout=LONGEST_S, kernel_name=KERNEL, extra_arguments=quiet, resources=resources
    ).execute()
    return notebook


def as_markdown(notebook: Any) -> str:
    """Text, programs, and what they show: printed text as blocks, pictures within the page."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        else:
            parts += [f"```python\n{cell.source}\n```", *_shown(cell.outputs)]
    return "\n\n".join(parts) + "\n"


def _shown(outputs: list[Any]) -> Iterator[str]:
    """What a cell shows, in order; warnings on standard error are left out."""
    for is_text, group in groupby(outputs, key=lambda output: output.get("name") == "stdout"):
        if is_text:
            yield _block("".join(output["text"] for output in group))
            continue
        for data in (output.get("data", {}) for output in group):
            if "image/png" in data:
                yield f"![What the cell draws](data:image/png;base64,{''.join(data['image/png'].split())})"
            elif "text/plain" in data:
                yield _block(data["text/plain"])


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"
