"""What the generator left beside the Verilog, read back."""

import json
from pathlib import Path

from rtl.manifest import Manifest

__all__ = ["load_manifest", "load_writes"]


def load_manifest(rtl_dir: Path) -> Manifest:
    """Read ``manifest.json``.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it is no manifest of this version.
    """
    path = rtl_dir / "manifest.json"
    if not path.is_file():
        raise FileNotFoundError(f"no manifest {path}; run the rtl stage to make it")
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no manifest of this version; run the rtl stage anew: {error}") from None


def load_writes(rtl_dir: Path, manifest: Manifest) -> list[tuple[int, int]]:
    """Register writes that start the chip; none where parameters are built in.

    Raises:
        FileNotFoundError: there should be some, but the file is missing.
    """
    if manifest.parameters == "rom":
        return []
    path = rtl_dir / "load.json"
    if not path.is_file():
        raise FileNotFoundError(f"no parameters {path}; run the rtl stage to make them")
    return [(offset, value) for offset, value in json.loads(path.read_text(encoding="utf-8"))["writes"]]
