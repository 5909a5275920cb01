"""An encoder in integers: an ordered list of typed stages (:mod:`spikecae.stages`) that hold together, and its hash."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from numpy.typing import NDArray

from spikecae.limits import LEAST_ADC_BITS, MOST_ADC_BITS, MOST_CHANNELS, MOST_FEATURES, MOST_SAMPLES, MOST_SPIKES
from spikecae.spec.content import pack
from spikecae.stages.base import Coder, Quantizer, Source, Stage, Symbols, Transform, Values
from spikecae.stages.checks import NAME

__all__ = ["SCHEMA_VERSION", "EncoderSpec", "SpecError"]

SCHEMA_VERSION = 1
HEAD = ("design", "spikes", "samples", "adc_bits")
"""Fields beside the stages."""
LIMITS = {"spikes": (1, MOST_SPIKES), "samples": (1, MOST_SAMPLES), "adc_bits": (LEAST_ADC_BITS, MOST_ADC_BITS)}
MOST_STAGES = 64
MOST_VALUES = MOST_CHANNELS * MOST_SAMPLES
"""Of a block, between two stages."""
MOST_LATENTS = MOST_FEATURES * MOST_SAMPLES
MOST_SYMBOLS = 1024
"""Of a block: with the longest codes and all events they fill half a packet."""

S = TypeVar("S", bound=Stage)


class SpecError(ValueError):
    """A spec that cannot be used: corrupt, truncated, inconsistent, or of another version."""


@dataclass(frozen=True, eq=False)
class EncoderSpec:
    """An encoder in integers: M ``spikes`` of D ``samples``, and the stages that code them.

    Raises:
        SpecError: the stages do not hold together; every reason is listed.
    """

    design: str
    spikes: int
    samples: int
    adc_bits: int
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        faults = [*self._own_faults()] or [*self._chain_faults()]
        if faults:
            title = f"spec of {self.design[:64]!r} does not hold together:"
            raise SpecError("\n".join([title, *(f"  {fault}" for fault in faults)]))

    def _own_faults(self) -> Iterator[str]:
        if not NAME.fullmatch(self.design):
            yield f"design = {self.design[:64]!r}: a name is of letters, digits and _, 64 at most, a letter first"
        for key, (low, high) in LIMITS.items():
            if not low <= getattr(self, key) <= high:
                yield f"{key} = {getattr(self, key)} must lie in {low}..{high}"
        if len(self.stages) > MOST_STAGES:
            yield f"{len(self.stages)} stages, {MOST_STAGES} at most"
            return
        roles = [stage.role for stage in self.stages]
        if roles[:1] + roles[-2:] != ["source", "quantizer", "coder"] or set(roles[1:-2]) != {"transform"}:
            kinds = [stage.kind for stage in self.stages]
            yield f"stages {kinds}: must be a source, transforms, a quantizer and a coder; these are {roles}"
        for stage in self.stages:
            if not NAME.fullmatch(stage.name):
                yield f"stage {stage.name[:64]!r}: a name is of letters, digits and _, 64 at most, a letter first"
            for inner in stage.names[1:]:
                if not (inner.startswith(f"{stage.name}.") and NAME.fullmatch(inner.removeprefix(f"{stage.name}."))):
                    yield f"stage {inner[:64]!r} within {stage.name[:64]!r}: must be called by both names, with a dot"
        names = [name for stage in self.stages for name in stage.names]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"two stages are called {name!r}; every name must be its own"

    def _chain_faults(self) -> Iterator[str]:
        yield from self.source.faults(self.spikes, self.samples)
        given = self.source.output(self.spikes, self.samples)
        for stage in self.transforms:
            yield from stage.faults(given)
            given = stage.output(given)
            most = MOST_LATENTS if stage is self.transforms[-1] else MOST_VALUES
            if given.channels * given.samples > most:
                yield f"{stage.name} makes {given.channels * given.samples} values of a block, {most} at most"
        if len(self.symbols) > MOST_SYMBOLS:
            yield f"{self.quantizer.name} makes {len(self.symbols)} symbols of a block, {MOST_SYMBOLS} at most"
        yield from self.quantizer.faults(given)
        yield from (f"{self.quantizer.name}: {fault}" for fault in self.coder.faults(self.symbols))

    @property
    def source(self) -> Source:
        """The stage that takes ADC codes."""
        return cast(Source, self.stages[0])

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """The stages between source and quantizer."""
        return cast(tuple[Transform, ...], self.stages[1:-2])

    @property
    def quantizer(self) -> Quantizer:
        """The stage that makes symbols of latents."""
        return cast(Quantizer, self.stages[-2])

    @property
    def coder(self) -> Coder:
        """The stage that makes bits of symbols."""
        return cast(Coder, self.stages[-1])

    def only(self, kind: type[S]) -> S:
        """The stage of a certain kind, for what is made for that kind.

        Raises:
            SpecError: there is none, or more than one.
        """
        found = [stage for stage in self.stages if type(stage) is kind]
        if len(found) != 1:
            raise SpecError(f"spec of {self.design!r} has {len(found)} stages of kind {kind.kind!r}, must have one")
        return found[0]

    @cached_property
    def symbols(self) -> Symbols:
        """What the quantizer makes of a block."""
        return self.quantizer.symbols

    @cached_property
    def latents(self) -> Values:
        """What the quantizer is given: (features, samples per feature)."""
        given = self.source.output(self.spikes, self.samples)
        for stage in self.transforms:
            given = stage.output(given)
        return given

    @property
    def table_of(self) -> list[int]:
        """The code table of each symbol."""
        return list(self.symbols.tables)

    @cached_property
    def content(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The spec as JSON-able structure and named arrays."""
        arrays: dict[str, NDArray[Any]] = {}
        head: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
        for key in HEAD:
            head[key] = getattr(self, key)
        head["stages"] = [pack(stage, stage.name, arrays) for stage in self.stages]
        return head, arrays

    @cached_property
    def hash(self) -> str:
        """SHA-256 over structure and arrays (names, dtypes, shapes, little-endian bytes), in hex.

        ``docs/arithmetic.md`` writes it out. An array's name is its place in the structure, and no two stages have one
        name, so that different specs are hashed from different bytes.
        """
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
