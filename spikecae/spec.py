"""The encoder spec: the one artifact that passes from the learning side to the hardware side.

An ordered list of typed integer stages (``spikecae/stages.py``) with a hash over its canonical content.
On disk it is ``spec.json`` (structure, scalars, and the dtype and shape of every array) and ``spec.npz``.
"""

import hashlib
import json
import os
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from spikecae import stages as stage_types
from spikecae.arithmetic import integer_range
from spikecae.stages import (
    ACTIVATION_BITS,
    Convolution,
    Huffman,
    Normalize,
    Pool,
    Project,
    Residual,
    Stage,
    VectorQuantizer,
)

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
        ends = ["normalize", "project", "vq", "huffman"]
        if kinds[:1] + kinds[-3:] != ends or any(kind in ends for kind in kinds[1:-3]):
            yield f"  stages {kinds}: must start with normalize and end with project, vq, huffman"
            return
        names = [stage.name for stage in self.stages]
        names += [part.name for stage in self.stages if isinstance(stage, Residual) for part in stage.convolutions]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"  two stages are called {name!r}; every name must be its own"
        if self.normalize.offset.size != self.samples:
            yield f"  normalize has {self.normalize.offset.size} entries for {self.samples} samples"
        channels, samples, exponent, signed = self.spikes, self.samples, self.normalize.exponent, True
        bits = ACTIVATION_BITS
        for stage in self.stages[1:-2]:
            first = stage.reduce if isinstance(stage, Residual) else stage
            last = stage.expand if isinstance(stage, Residual) else stage
            if isinstance(first, Convolution) and isinstance(last, Convolution):
                if (first.inputs, first.input_exponent) != (channels, exponent):
                    yield (
                        f"  {first.name} takes {first.inputs} channels at exponent {first.input_exponent}, "
                        f"but gets {channels} at {exponent}"
                    )
                if first.input_signed != signed:
                    yield f"  {first.name}.input_signed = {first.input_signed}, but what it gets says {signed}"
                if first.input_bits != bits:
                    yield f"  {first.name}.input_bits = {first.input_bits}, but what it gets has {bits}"
                channels, exponent, signed, bits = last.outputs, last.exponent, last.output_signed, last.output_bits
            elif isinstance(stage, Pool):
                if samples % stage.size:
                    yield f"  {stage.name}.size = {stage.size} does not divide {samples} samples"
                samples //= stage.size
        if exponent != self.vq.exponent:
            yield f"  latents have exponent {exponent}, the codebooks {self.vq.exponent}; they must be equal"
        for number, book in enumerate(self.vq.codebooks):
            low, high = integer_range(bits, signed=True)
            if book.words.min() < low or book.words.max() > high:
                yield f"  {self.vq.name}.codebooks[{number}] has words beyond the latents' {low}..{high}"
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
        # A field that has its default is left out, so that a spec that needs no new field keeps its hash.
        body = {
            field.name: _pack(getattr(value, field.name), f"{path}.{field.name}", arrays)
            for field in fields(value)
            if field.default is MISSING or getattr(value, field.name) != field.default
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
    arrays = _read_arrays(npz)
    try:
        head = json.loads(text.read_text(encoding="utf-8"))
        version = head["schema_version"]
        if version != SCHEMA_VERSION:
            raise SpecError(f"{text}: schema_version = {version}, this program reads {SCHEMA_VERSION}")
        body = {key: head[key] for key in ("design", "spikes", "samples", "adc_bits")}
        body["stages"] = _unpack(head["stages"], arrays)
        _check_fields(EncoderSpec, body)
        spec = EncoderSpec(**body)
    except SpecError as error:
        raise SpecError(f"{text}: {error}") from None
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise SpecError(f"{text}: corrupt spec: {type(error).__name__}: {error}") from error
    if spec.hash != head.get("hash"):
        raise SpecError(f"{text}: content hashes to {spec.hash}, but the file says {head.get('hash')}; make it anew")
    return spec


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # zip, zlib and numpy each raise their own on corrupt files
        raise SpecError(f"{path}: corrupt arrays: {type(error).__name__}: {error}; make the spec anew") from None


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
    _check_fields(kind, body)
    return kind(**body)


def _check_fields(kind: type, body: dict[str, Any]) -> None:
    """Refuse fields of other types than the class declares, before its own checks rely on them."""
    hints = get_type_hints(kind)
    for key, value in body.items():
        if key in hints and not _is_a(value, hints[key]):
            raise SpecError(f"{body.get('name', kind.__name__)}.{key}: unexpected {type(value).__name__}")


def _is_a(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_a(item, get_args(hint)[0]) for item in value)
    if isinstance(hint, UnionType):
        return isinstance(value, hint)
    return type(value) is (origin or hint)
