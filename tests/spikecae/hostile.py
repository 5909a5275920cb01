"""Specs from strangers: how they are written, sealed with the hash of what they say, and what must become of them."""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spikecae.spec import EncoderSpec, SpecError, load_spec, save_spec

LONGEST_MESSAGE = 500
LONGEST_S = 1.0
"""Of processor time: the machine may be busy."""

_TEXT = (Path(__file__).parents[2] / "docs" / "arithmetic.md").read_text(encoding="utf-8")
(_SCRIPT,) = re.findall(r"^```python\n(.*?)^```", _TEXT, re.DOTALL | re.MULTILINE)
_NAMES: dict[str, Any] = {}
exec(_SCRIPT, _NAMES)
documented_hash: Callable[[Path], str] = _NAMES["spec_hash"]
"""The script of docs/arithmetic.md: the hash of the spec in a folder, by the standard library alone."""


def members_of(folder: Path) -> dict[str, bytes]:
    """The files in ``spec.npz``."""
    with zipfile.ZipFile(folder / "spec.npz") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def as_member(array: np.ndarray) -> bytes:
    """An array as a file of NumPy's format."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=True)
    return file.getvalue()


def write_members(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    """A zip file of these files."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def seal(folder: Path, text: str) -> None:
    """Write a structure under the hash of what it says, as a stranger can; as it is, where it says nothing."""
    (folder / "spec.json").write_text(text, encoding="utf-8")
    try:
        found = documented_hash(folder)
    except Exception:  # whatever the script makes of nonsense
        return
    sealed = re.sub(r'"hash": "[0-9a-f]{64}"', f'"hash": "{found}"', text, count=1)
    (folder / "spec.json").write_text(sealed, encoding="utf-8")


def judge(folder: Path) -> EncoderSpec | None:
    """Load a spec; it is refused in one short message at once, or it is what its files say, to the last byte.

    Returns:
        The spec; None where it was refused.
    """
    started = time.process_time()
    refusal: Exception | None = None
    try:
        spec = load_spec(folder)
    except (SpecError, FileNotFoundError) as error:
        refusal = error
    assert time.process_time() - started < LONGEST_S
    if refusal is not None:
        message = str(refusal)
        assert refusal.__cause__ is None
        assert refusal.__context__ is None or refusal.__suppress_context__, "a chain of tracebacks"
        assert len(message) <= LONGEST_MESSAGE, message
        assert str(folder) in message
        assert message.replace("\n", "").isprintable(), ascii(message)
        return None
    written = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    assert spec.hash == written.pop("hash") == documented_hash(folder)
    assert json.dumps(spec.content[0], sort_keys=True) == json.dumps(written, sort_keys=True)
    first, second = folder / "first", folder / "second"
    save_spec(spec, first)
    save_spec(load_spec(first), second)
    for name in ("spec.json", "spec.npz"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    return spec
