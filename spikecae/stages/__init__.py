"""The typed stages an encoder spec is a list of: integers only, checked when they are made.

Activation tensors are (channels, samples). ``exponent`` is that of a stage's output: real value =
integer · 2**-exponent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import accumulator_bounds, integer_range, loadable_bounds, signed_width
from spikecae.bitstream.huffman import canonical_codes, check_lengths

__all__ = [
    "ACTIVATION_BITS",
    "Codebook",
    "Convolution",
    "Huffman",
    "Normalize",
    "Pool",
    "Project",
    "Residual",
    "Stage",
    "SubVector",
    "VectorQuantizer",
    "ranges",
]

ACTIVATION_BITS = 8
"""Widest activation."""
MAX_SHIFT = 31
MAX_EXPONENT = 63


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _require_array(name: str, array: NDArray[np.generic], dtype: type, shape: tuple[int, ...]) -> None:
    _require(array.dtype == np.dtype(dtype), f"{name} must be {np.dtype(dtype)}, got {array.dtype}")
    _require(array.shape == shape, f"{name} must have shape {shape}, got {array.shape}")


def _require_exponents(name: str, *exponents: int) -> None:
    for exponent in exponents:
        _require(
            abs(exponent) <= MAX_EXPONENT, f"{name}: exponent {exponent} must lie in -{MAX_EXPONENT}..{MAX_EXPONENT}"
        )


@dataclass(frozen=True, eq=False)
class Normalize:
    """``x8 = sat_s8(rshift_round((adc - offset[t]) * gain[t], shift))``, signed 8 bit."""

    kind: ClassVar[str] = "normalize"
    name: str
    offset: NDArray[np.int16]  # (D,)
    gain: NDArray[np.uint16]  # (D,)
    shift: int
    exponent: int

    def __post_init__(self) -> None:
        samples = self.offset.size
        _require_array(f"{self.name}.offset", self.offset, np.int16, (samples,))
        _require_array(f"{self.name}.gain", self.gain, np.uint16, (samples,))
        _require_exponents(self.name, self.exponent)
        _require(0 <= self.shift <= MAX_SHIFT, f"{self.name}.shift = {self.shift} must lie in 0..{MAX_SHIFT}")

    @property
    def scale(self) -> NDArray[np.float64]:
        """ADC steps per unit of the normalized signal, (D,): the inverse of what the chip multiplies by."""
        return np.float64(2.0) ** (self.shift + self.exponent) / self.gain


@dataclass(frozen=True, eq=False)
class Convolution:
    """Convolution along time with zero padding, bias, and requantization to ``output_bits``, 8 at most.

    ``weight`` is (outputs, inputs / groups, kernel). The accumulator of output c has exponent
    ``input_exponent + weight_exponent[c]``; the bias lives there.
    """

    kind: ClassVar[str] = "conv"
    name: str
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]  # (outputs,)
    weight_exponent: NDArray[np.int8]  # (outputs,)
    input_exponent: int
    exponent: int
    groups: int
    input_signed: bool
    relu: bool
    input_bits: int = ACTIVATION_BITS
    output_bits: int = ACTIVATION_BITS

    def __post_init__(self) -> None:
        name = self.name
        for place, bits in (("input_bits", self.input_bits), ("output_bits", self.output_bits)):
            _require(2 <= bits <= ACTIVATION_BITS, f"{name}.{place} = {bits} must lie in 2..{ACTIVATION_BITS}")
        _require(
            self.weight.ndim == 3 and self.weight.size > 0,
            f"{name}.weight must be (outputs, inputs / groups, kernel), got {self.weight.shape}",
        )
        outputs = self.weight.shape[0]
        _require_array(f"{name}.weight", self.weight, np.int8, self.weight.shape)
        _require_array(f"{name}.bias", self.bias, np.int32, (outputs,))
        _require_array(f"{name}.weight_exponent", self.weight_exponent, np.int8, (outputs,))
        _require(self.groups >= 1, f"{name}.groups = {self.groups} must be positive")
        _require(outputs % self.groups == 0, f"{name}.groups = {self.groups} does not divide {outputs} outputs")
        _require(self.weight.shape[2] % 2 == 1, f"{name}: kernel {self.weight.shape[2]} must be odd")
        _require_exponents(name, self.input_exponent, self.exponent)
        low, high = int(self.shift.min()), int(self.shift.max())
        _require(low >= 0 and high <= MAX_SHIFT, f"{name}: shifts {low}..{high} must lie in 0..{MAX_SHIFT}")

    @property
    def inputs(self) -> int:
        """Input channels."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def outputs(self) -> int:
        """Output channels."""
        return int(self.weight.shape[0])

    @property
    def kernel(self) -> int:
        """Taps along time."""
        return int(self.weight.shape[2])

    @property
    def shift(self) -> NDArray[np.int64]:
        """Right shift from accumulator to output, (outputs,)."""
        return self.input_exponent + self.weight_exponent.astype(np.int64) - self.exponent

    @property
    def input_range(self) -> tuple[int, int]:
        """Smallest and largest input integer."""
        return integer_range(self.input_bits, signed=self.input_signed)

    @property
    def output_range(self) -> tuple[int, int]:
        """Smallest and largest output integer."""
        return integer_range(self.output_bits, signed=self.output_signed)

    @property
    def output_signed(self) -> bool:
        """Outputs are unsigned after a ReLU, signed elsewhere."""
        return not self.relu

    @property
    def bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What each accumulator can reach with these weights, (outputs,) twice."""
        return accumulator_bounds(self.weight, self.bias, self.input_range)

    @property
    def accumulator_bits(self) -> int:
        """Width of the accumulator that these weights can never overflow."""
        low, high = self.bounds
        return signed_width(int(low.min()), int(high.max()))

    @property
    def bias_bits(self) -> int:
        """Signed width of the widest bias."""
        return signed_width(int(self.bias.min()), int(self.bias.max()))

    @property
    def weight_bits(self) -> int:
        """Signed width of the widest weight."""
        return signed_width(int(self.weight.min()), int(self.weight.max()))

    def loadable_bits(self, weight_bits: int, bias_bits: int, identity: int = 0) -> int:
        """Width of an accumulator that no weights of ``weight_bits``, and no biases of ``bias_bits``, can overflow.

        Args:
            weight_bits: signed width of a weight.
            bias_bits: signed width of a bias.
            identity: largest value added to it.
        """
        terms = self.weight.shape[1] * self.kernel
        return signed_width(*loadable_bounds(terms, self.input_range, weight_bits, bias_bits, identity))

    def macs(self, samples: int) -> int:
        """Multiply-accumulates for ``samples`` output samples."""
        return self.weight.size * samples


@dataclass(frozen=True, eq=False)
class Residual:
    """ResNeXt block: reduce (1x1), conv (1xk), expand (1x1), plus the identity, then ReLU.

    The accumulator of ``expand`` is not requantized before the add: the identity is shifted left into
    its exponent. ``expand.exponent`` is the block's.
    """

    kind: ClassVar[str] = "residual"
    name: str
    reduce: Convolution
    conv: Convolution
    expand: Convolution

    def __post_init__(self) -> None:
        reduce, conv, expand = self.reduce, self.conv, self.expand
        groups = [part.groups for part in self.convolutions]
        _require(len(set(groups)) == 1, f"{self.name}: its convolutions must have the same groups, got {groups}")
        for first, second in ((reduce, conv), (conv, expand)):
            _require(
                first.outputs == second.inputs and first.exponent == second.input_exponent,
                f"{second.name} does not continue {first.name}: {first.outputs} channels at exponent {first.exponent} "
                f"meet {second.inputs} at {second.input_exponent}",
            )
            _require(
                second.input_bits == first.output_bits,
                f"{second.name}.input_bits = {second.input_bits}, but {first.name} has output_bits = "
                f"{first.output_bits}",
            )
            _require(
                second.input_signed == first.output_signed,
                f"{second.name}.input_signed = {second.input_signed}, but {first.name} has relu = {first.relu}",
            )
        _require(expand.outputs == reduce.inputs, f"{self.name}: the identity needs as many outputs as inputs")
        low = int(self.identity_shift.min())
        high = int(self.identity_shift.max())
        _require(low >= 0, f"{self.name}: identity shift {low} is negative; choose finer weights in {expand.name}")
        _require(high <= MAX_SHIFT, f"{self.name}: identity shift {high} exceeds {MAX_SHIFT}")

    @property
    def identity_shift(self) -> NDArray[np.int64]:
        """Left shift that brings the identity to the accumulator's exponent, (outputs,)."""
        return self.expand.input_exponent + self.expand.weight_exponent.astype(np.int64) - self.reduce.input_exponent

    @property
    def bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What each accumulator of ``expand`` can reach, the identity included, (outputs,) twice."""
        low, high = self.expand.bounds
        smallest, largest = self.reduce.input_range
        return low + (smallest << self.identity_shift), high + (largest << self.identity_shift)

    @property
    def accumulator_bits(self) -> int:
        """Width of the accumulator of ``expand``, the identity included."""
        low, high = self.bounds
        return signed_width(int(low.min()), int(high.max()))

    @property
    def convolutions(self) -> tuple[Convolution, Convolution, Convolution]:
        """The three convolutions in order."""
        return self.reduce, self.conv, self.expand


@dataclass(frozen=True, eq=False)
class Pool:
    """Maximum over ``size`` samples, not overlapping."""

    kind: ClassVar[str] = "pool"
    name: str
    size: int

    def __post_init__(self) -> None:
        _require(self.size >= 1, f"{self.name}.size = {self.size} must be positive")


@dataclass(frozen=True, eq=False)
class Project(Convolution):
    """The last convolution, over all channels: signed latents of ``output_bits``, no ReLU."""

    kind: ClassVar[str] = "project"

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(not self.relu, f"{self.name}.relu must be false: latents are signed")


@dataclass(frozen=True, eq=False)
class Codebook:
    """Codewords and what the search adds to each score: ``|c|**2 + round(λ · code length)``."""

    words: NDArray[np.int8]  # (K, L)
    bias: NDArray[np.int32]  # (K,)

    def __post_init__(self) -> None:
        _require(self.words.ndim == 2 and self.words.size > 0, f"codebook must be (K, L), got {self.words.shape}")
        _require_array("codebook.words", self.words, np.int8, self.words.shape)
        _require_array("codebook.bias", self.bias, np.int32, (len(self.words),))

    @property
    def bounds(self) -> tuple[int, int]:
        """What ``bias - 2 <y, c>`` can reach for signed 8-bit latents."""
        low, high = accumulator_bounds(-2 * self.words.astype(np.int64), self.bias, integer_range(8, signed=True))
        return int(low.min()), int(high.max())

    @property
    def score_bits(self) -> int:
        """Width of a score."""
        return signed_width(*self.bounds)


@dataclass(frozen=True)
class SubVector:
    """``length`` latents from ``offset`` on, coded by one codebook and one Huffman table."""

    offset: int
    length: int
    codebook: int
    code_table: int


@dataclass(frozen=True, eq=False)
class VectorQuantizer:
    """Nearest codeword of each sub-vector of the latents, taken feature after feature, (N · T,).

    ``score_k = bias_k - 2 <y, c_k>``; the smallest wins, the lowest index on a tie.
    """

    kind: ClassVar[str] = "vq"
    name: str
    exponent: int
    codebooks: tuple[Codebook, ...]
    table: tuple[SubVector, ...]

    def __post_init__(self) -> None:
        _require_exponents(self.name, self.exponent)
        _require(len(self.table) > 0, f"{self.name}: no sub-vectors")
        for number, part in enumerate(self.table):
            where = f"{self.name}.table[{number}]"
            _require(part.offset >= 0, f"{where}: offset {part.offset} is negative")
            _require(0 <= part.codebook < len(self.codebooks), f"{where}: no codebook {part.codebook}")
            length = self.codebooks[part.codebook].words.shape[1]
            _require(length == part.length, f"{where}: length {part.length}, but its codewords have {length}")


@dataclass(frozen=True, eq=False)
class Huffman:
    """Code tables as lengths in bits; the codes are canonical."""

    kind: ClassVar[str] = "huffman"
    name: str
    tables: tuple[NDArray[np.uint8], ...]

    def __post_init__(self) -> None:
        _require(len(self.tables) > 0, f"{self.name}: no code tables")
        for number, table in enumerate(self.tables):
            _require(table.dtype == np.uint8, f"{self.name}.tables[{number}] must be uint8, got {table.dtype}")
            try:
                check_lengths(table)
            except ValueError as error:
                raise ValueError(f"{self.name}.tables[{number}]: {error}") from None

    def codes(self, table: int) -> NDArray[np.uint16]:
        """Code words of a table, right-aligned, (K,)."""
        return canonical_codes(self.tables[table])


Stage = Normalize | Convolution | Residual | Pool | Project | VectorQuantizer | Huffman


def ranges(stages: tuple[Stage, ...], samples: int) -> Iterator[tuple[Stage, int]]:
    """Each stage with the number of samples that enter it."""
    for stage in stages:
        yield stage, samples
        if isinstance(stage, Pool):
            samples //= stage.size
