"""What outputs depend on, as hashes of content: files, settings, versions of tools. Code: :mod:`flow.code`."""

import hashlib
import json
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["KnownHashes", "hash_json", "hash_path", "tool_versions"]

LARGE = 1 << 20
"""Bytes; smaller files are read as fast as they are looked up."""
SETTLED_NS = 2 * 10**9
"""Coarser than the clock of any file system in use."""


def hash_path(path: Path, known: "KnownHashes | None" = None) -> str:
    """SHA-256 of a file's bytes, or of the names and bytes of all files in a folder, in hex.

    ``known`` spares reading files that it has seen.

    Raises:
        FileNotFoundError: there is neither.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return hash_json([(str(file.relative_to(path)), hash_path(file, known)) for file in files])
    if known is not None:
        return known.of(path)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class KnownHashes:
    """Hashes of large files by what the file system says of them, so that what did not change is not read again.

    Content decides: an entry holds for one size, time of change and inode, and is only kept if the file had been left
    alone for a while, so that no later change can bear the same time.

    Args:
        path: the JSON file that they are kept in; missing or broken, nothing is known.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            stored = json.loads(path.read_bytes())
            self._known: dict[str, list[Any]] = stored if isinstance(stored, dict) else {}
        except (OSError, ValueError):
            self._known = {}

    def of(self, file: Path) -> str:
        """SHA-256 of a file's bytes, in hex.

        Raises:
            FileNotFoundError: there is no such file.
        """
        found = file.stat()
        if found.st_size < LARGE:
            return hash_path(file)
        key = str(file.resolve())
        identity = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
        entry = self._known.get(key)
        if isinstance(entry, list) and len(entry) == 2 and entry[0] == identity:
            return str(entry[1])
        content = hash_path(file)
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED_NS:
            self._known[key] = [identity, content]
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_suffix(".new")
            temporary.write_text(json.dumps(self._known), encoding="utf-8")
            temporary.replace(self._path)
        return content


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
