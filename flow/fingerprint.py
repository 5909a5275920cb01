"""What outputs depend on, as hashes of content: files, settings, versions of tools. Code: :mod:`flow.code`."""

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["hash_json", "hash_path", "tool_versions"]


def hash_path(path: Path) -> str:
    """SHA-256 of a file's bytes, or of the names and bytes of all files in a folder, in hex.

    Raises:
        FileNotFoundError: there is neither.
    """
    if path.is_dir():
        parts = [(str(file.relative_to(path)), hash_path(file)) for file in sorted(path.rglob("*")) if file.is_file()]
        return hash_json(parts)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, in hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def tool_versions(distributions: Iterable[str]) -> dict[str, str]:
    """Installed version of each Python distribution; ``missing`` where it is not installed."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
