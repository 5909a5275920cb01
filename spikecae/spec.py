"""The encoder spec: the one artifact that passes from the learning side to the hardware side.

An ordered list of typed integer stages (``spikecae/stages.py``) with a hash over its canonical content.
On disk it is ``spec.json`` (structure, scalars, and the dtype and shape of every array) and ``spec.npz``.
"""

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from spikecae import stages as stage_types
from spikecae.stages import Convolution, Huffman, Normalize, Pool, Project, Residual, Stage, VectorQuantizer

__all__ = ["EncoderSpec", "SpecError", "load_spec", "save_spec"]

SCHEMA_VERSION = 1
KINDS: dict[str, type] = {
    kind.kind: kind for kind in (Normalize, Convolution, Residual, Pool, Project, VectorQuantizer, Huffman)
}
PARTS: dict[str, type] = {kind.__name__: kind for kind in (stage_types.Codebook, stage_types.SubVector)}


class SpecError(ValueError):
    """A spec that cannot be used: corrupt, truncated, inconsistent, or of another version."""


@dataclass(frozen=True, eq=False)
class EncoderSpec:
    """An encoder in integers: M ``spikes`` of D ``samples``, and the stages that code them."""

    design: str
    spikes: int
    samples: int
    adc_bits: int
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise SpecError("\n".join([f"spec of {self.design!r} does not hold together:", *faults]))

    def _faults(self) -> Any:
        kinds = [stage.kind for stage in self.stages]
        if kinds[:1] != ["normalize"] or kinds[-2:] != ["vq", "huffman"] or "project" not in kinds:
            yield f"  stages {kinds}: must start with normalize and end with project, vq, huffman"
            return
        if self.normalize.offset.size != self.samples:
            yield f"  normalize has {self.normalize.offset.size} entries for {self.samples} samples"
        channels, samples, exponent = self.spikes, self.samples, self.normalize.exponent
        for stage in self.stages[1:-2]:
            first = stage.reduce if isinstance(stage, Residual) else stage
            last = stage.expand if isinstance(stage, Residual) else stage
            if isinstance(first, Convolution) and isinstance(last, Convolution):
                if (first.inputs, first.input_exponent) != (channels, exponent):
                    yield (
                        f"  {first.name} takes {first.inputs} channels at exponent {first.input_exponent}, "
                        f"but gets {channels} at {exponent}"
                    )
                channels, exponent = last.outputs, last.exponent
            elif isinstance(stage, Pool):
                if samples % stage.size:
                    yield f"  {stage.name}.size = {stage.size} does not divide {samples} samples"
                samples //= stage.size
        if exponent != self.vq.exponent:
            yield f"  latents have exponent {exponent}, the codebooks {self.vq.exponent}; they must be equal"
        for number, part in enumerate(self.vq.table):
            if part.offset + part.length > channels * samples:
                yield f"  {self.vq.name}.table[{number}] ends at {part.offset + part.length} of {channels * samples}"
            if not 0 <= part.code_table < len(self.huffman.tables):
                yield f"  {self.vq.name}.table[{number}]: no code table {part.code_table}"
            elif self.huffman.tables[part.code_table].size != len(self.vq.codebooks[part.codebook].words):
                yield f"  {self.vq.name}.table[{number}]: code table and codebook differ in size"

    @property
    def normalize(self) -> Normalize:
        """The first stage."""
        stage = self.stages[0]
        if not isinstance(stage, Normalize):
            raise SpecError(f"spec of {self.design!r}: stage 0 is {stage.kind}, must be normalize")
        return stage

    @property
    def project(self) -> Project:
        """The last convolution."""
        return next(stage for stage in self.stages if isinstance(stage, Project))

    @property
    def vq(self) -> VectorQuantizer:
        """The vector quantizer."""
        return next(stage for stage in self.stages if isinstance(stage, VectorQuantizer))

    @property
    def huffman(self) -> Huffman:
        """The code tables."""
        return next(stage for stage in self.stages if isinstance(stage, Huffman))

    @property
    def latent_samples(self) -> int:
        """Samples per feature."""
        samples = self.samples
        for stage in self.stages:
            if isinstance(stage, Pool):
                samples //= stage.size
        return samples

    @property
    def table_of(self) -> list[int]:
        """The code table of each sub-vector."""
        return [part.code_table for part in self.vq.table]

    @cached_property
    def content(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The spec as JSON-able structure and named arrays."""
        arrays: dict[str, NDArray[Any]] = {}
        head: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
        for key in ("design", "spikes", "samples", "adc_bits"):
            head[key] = getattr(self, key)
        head["stages"] = [_pack(stage, stage.name, arrays) for stage in self.stages]
        return head, arrays

    @cached_property
    def hash(self) -> str:
        """SHA-256 over structure and arrays (names, dtypes, shapes, little-endian bytes), in hex."""
        head, arrays = self.content
        digest = hashlib.sha256(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
        for name in sorted(arrays):
            array = arrays[name]
            digest.update(f"{name}:{array.dtype.name}:{array.shape};".encode())
            digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    @property
    def tag(self) -> int:
        """16-bit tag that packets carry: the first two bytes of the hash."""
        return int(self.hash[:4], 16)


def _pack(value: Any, path: str, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path, "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, tuple):
        return [_pack(item, f"{path}.{number}", arrays) for number, item in enumerate(value)]
    if is_dataclass(value):
        body = {
            field.name: _pack(getattr(value, field.name), f"{path}.{field.name}", arrays) for field in fields(value)
        }
        return {"kind": getattr(value, "kind", type(value).__name__), **body}
    return value


def save_spec(spec: EncoderSpec, folder: Path) -> None:
    """Write ``spec.json`` and ``spec.npz`` into ``folder``, each by temporary file and rename."""
    head, arrays = spec.content
    folder.mkdir(parents=True, exist_ok=True)
    npz, text = folder / "spec.npz", folder / "spec.json"
    with open(folder / ".spec.npz.new", "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    os.replace(folder / ".spec.npz.new", npz)
    new = folder / ".spec.json.new"
    new.write_text(json.dumps({"hash": spec.hash, **head}, indent=1) + "\n", encoding="utf-8")
    os.replace(new, text)


def load_spec(folder: Path) -> EncoderSpec:
    """Read and check the spec in ``folder``.

    Raises:
        FileNotFoundError: a file is missing.
        SpecError: a file is corrupt, of another version, or its parts contradict each other.
    """
    text, npz = folder / "spec.json", folder / "spec.npz"
    for path in (text, npz):
        if not path.is_file():
            raise FileNotFoundError(f"no encoder spec {path}; run the quantize stage to make it")
    try:
        head = json.loads(text.read_text(encoding="utf-8"))
        version = head["schema_version"]
        if version != SCHEMA_VERSION:
            raise SpecError(f"{text}: schema_version = {version}, this program reads {SCHEMA_VERSION}")
        with np.load(npz, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        spec = EncoderSpec(
            design=_scalar(head["design"], str),
            spikes=_scalar(head["spikes"], int),
            samples=_scalar(head["samples"], int),
            adc_bits=_scalar(head["adc_bits"], int),
            stages=tuple(_unpack(stage, arrays) for stage in head["stages"]),
        )
    except SpecError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, KeyError, TypeError, ValueError, IndexError) as error:
        raise SpecError(f"{text}: corrupt spec: {type(error).__name__}: {error}") from error
    if spec.hash != head.get("hash"):
        raise SpecError(f"{text}: content hashes to {spec.hash}, but the file says {head.get('hash')}; make it anew")
    return spec


def _scalar(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise SpecError(f"expected {kind.__name__}, got {value!r}")
    return value


def _unpack(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return tuple(_unpack(item, arrays) for item in value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        array = arrays[value["array"]]
        if array.dtype.name != value["dtype"] or list(array.shape) != value["shape"]:
            raise SpecError(f"array {value['array']}: is {array.dtype.name}{array.shape}, structure says otherwise")
        return array
    kind = {**KINDS, **PARTS}[value["kind"]]
    body = {key: _unpack(item, arrays) for key, item in value.items() if key != "kind"}
    hints = get_type_hints(kind)
    for key, item in body.items():
        if hints.get(key) in (int, str, bool):
            _scalar(item, hints[key])
    return kind(**body)
