"""One stage as the runner sees it: what it depends on, what it leaves, and how to do it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from flow.code import code_hashes, module_file
from flow.fingerprint import KnownHashes, hash_json, hash_path, tool_versions
from flow.layout import SOURCES

__all__ = ["Task"]


@dataclass(frozen=True)
class Task:
    """A stage, planned. Planning is cheap: nothing heavy is imported before ``run`` is called."""

    name: str
    entry: str
    """Module whose code, with all it imports, makes the outputs."""
    output: Path
    """Folder that the outputs end up in."""
    files: tuple[str, ...]
    """Outputs that must be there afterwards; their content tells whether they are still what was made."""
    run: Callable[[Path, Console], str]
    """Writes the outputs into the folder given and returns one line on what came out."""
    inputs: Mapping[str, Path | Sequence[Path]] = field(default_factory=dict)
    """Files or folders that are read, by the name that messages give them, several of a folder."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that the outputs depend on, as JSON values."""
    tools: tuple[str, ...] = ()
    """Python distributions whose version matters."""
    replaces_folder: bool = True
    """Whether the whole output folder is exchanged, or only ``files`` in it."""
    resumes: bool = False
    """Whether an interrupted run leaves something for the next one to go on from."""

    def ingredients(self, known: KnownHashes | None = None) -> dict[str, dict[str, str]]:
        """Hash of everything that the outputs depend on, by kind and name."""
        return {
            "input": {name: _hash_input(path, known) for name, path in self.inputs.items()},
            "setting": {name: str(value) for name, value in self.settings.items()},
            "source": code_hashes(module_file(self.entry, SOURCES), SOURCES),
            "tool": tool_versions(self.tools),
        }


def _hash_input(path: Path | Sequence[Path], known: KnownHashes | None) -> str:
    if isinstance(path, Path):
        return hash_path(path, known)
    return hash_json([(str(file), hash_path(file, known)) for file in path])
