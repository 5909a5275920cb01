"""Which files of a recording a reader reads: what else lies beside them does not matter.

Light on purpose: stages are planned without NumPy.
"""

from pathlib import Path

__all__ = ["files_read"]

OPEN_EPHYS = ("structure.oebin", "continuous.dat", "*.npy", "settings*.xml")
MDA = ("params.json", "geom.csv")
INTAN_PARTS = ("*.dat", "*.rhd")
"""Of Intan's formats of a file a signal or channel, whose header is ``info.rhd``."""


def files_read(path: Path) -> Path | list[Path]:
    """``path`` itself, or the files at or beside it that hold the recording, in order."""
    if path.is_dir():
        metas = sorted(path.rglob("*.meta"))
        pairs = [file for meta in metas for file in (meta, meta.with_suffix(".bin")) if file.is_file()]
        if len(pairs) > len(metas):
            return pairs
        if any(path.rglob("structure.oebin")):
            return _found(path, OPEN_EPHYS)
        return path
    match path.suffix:
        case ".bin" if path.with_suffix(".meta").is_file():
            return [path, path.with_suffix(".meta")]
        case ".mda":
            return [path, *(beside for name in MDA if (beside := path.parent / name).is_file())]
        case ".rhd" if path.stem == "info":
            return _found(path.parent, INTAN_PARTS)
    return path


def _found(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted({file for pattern in patterns for file in folder.rglob(pattern) if file.is_file()})
