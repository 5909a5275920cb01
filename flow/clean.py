"""What stages wrote in a build folder is removed again, and nothing else."""

import shutil
from pathlib import Path

from flow.layout import Layout
from flow.runner import StageError, exclusive

__all__ = ["clean"]

FOLDERS = (
    *("data", "model", "quantize", "rtl", "sim", "sim.failed", "testbench", "verilated", "synth", "place", "power"),
    *("codec", "explore", "stamps"),
)
FILES = ("report.json", "report.html", "report.txt", "spikes.svg", ".lock")
UNFINISHED = (".new", ".old")
"""Endings, behind a leading dot, of a stage's folder while it is made or exchanged."""


def clean(layout: Layout) -> str:
    """Remove a design's outputs; what was removed and what was kept, in words.

    What no stage writes stays, and so does the folder then. Links are not followed.

    Raises:
        StageError: the build folder is a link, no folder, or in use by another run.
    """
    build = layout.build
    if build.is_symlink():
        raise StageError(f"{build} is a link to {build.readlink()}; nothing was removed, remove it by hand")
    if not build.exists():
        return f"nothing to remove: there is no {build}"
    if not build.is_dir():
        raise StageError(f"{build} is no folder; nothing was removed, remove it by hand")
    with exclusive(build):
        entries = sorted(build.iterdir())
        written = [entry for entry in entries if _is_written(entry)]
        shown = [entry for entry in written if entry.name != ".lock"]
        files = [file for entry in shown for file in ([entry] if entry.is_file() else entry.rglob("*"))]
        sizes = [file.stat().st_size for file in files if file.is_file() and not file.is_symlink()]
        for entry in shown:
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    kept = [entry.name for entry in entries if entry not in written]
    (build / ".lock").unlink(missing_ok=True)
    if not kept:
        build.rmdir()
    rest = f"; kept, as no stage wrote it: {', '.join(kept)}" if kept else ""
    if not shown:
        return f"nothing to remove in {build}{rest}"
    names = ", ".join(entry.name for entry in shown)
    noun = "file" if len(sizes) == 1 else "files"
    return f"removed from {build}: {names} ({len(sizes)} {noun}, {sum(sizes) / 1e6:.1f} MB){rest}"


def _is_written(entry: Path) -> bool:
    """Whether a stage writes an entry of that name and kind into a build folder."""
    if entry.is_symlink():
        return False
    if entry.is_file():
        return entry.name in FILES
    hidden = entry.name.startswith(".") and entry.suffix in UNFINISHED
    return entry.name in FOLDERS or hidden
