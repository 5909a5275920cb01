"""docs/arithmetic.md against the code: its tables, and an encoder that was written from it."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from spikecae import limits
from spikecae.bitstream.payload import write_blocks
from spikecae.canonical_code import MAX_LENGTH
from spikecae.design import Design, load_design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, encoder_spec, load_spec, save_spec, structure
from spikecae.stages import ACTIVATION_BITS, Linear, levels, normalize
from spikecae.stages.base import KINDS
from spikecae.stages.checks import MAX_EXPONENT, MAX_SHIFT
from spikecae.stages.convolution import LEAST_BITS
from tests.any_spec import AnySpec
from tests.linear_spec import linear_adc, random_linear_spec
from tests.random_spec import random_adc, random_spec
from tests.spikecae.documented_encoder import DocumentedEncoder

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "arithmetic.md").read_text(encoding="utf-8")
OWN = {name: kind for name, kind in KINDS.items() if kind.__module__.startswith("spikecae.")}


LIKE_A_CONVOLUTION = {
    "project": "those of `conv`; `relu` is false",
    "linear": "those of `conv`; `relu` is false, and `groups` 1",
}


def documented_fields() -> Iterator[tuple[str, str, str]]:
    """(kind, field, value) of every row."""
    kind = ""
    for line in re.findall(
        r"^\| (?:`(\w+)` )?\| (`\w+`|all) \| (.*) \|$", TEXT.split("| kind | field | value |")[1], re.M
    ):
        kind = line[0] or kind
        yield kind, line[1].strip("`"), line[2]


def declared_fields() -> Iterator[tuple[str, str, str]]:
    """(kind, field, how the value begins) as the classes have it."""
    for name, kind in OWN.items():
        if name in LIKE_A_CONVOLUTION:
            yield name, "all", LIKE_A_CONVOLUTION[name]
            continue
        for field, hint in get_type_hints(kind).items():
            if field in {field.name for field in fields(kind)}:
                yield name, field, value_of(field, hint)


def value_of(field: str, hint: Any) -> str:
    text = str(hint)
    if "ndarray" in text:
        (dtype,) = re.findall(r"numpy\.(u?int\d+)", text)
        return f"list of {dtype} (" if text.startswith("tuple") else f"{dtype} ("
    named = {"str": "name", "int": "number", "bool": "true or false"}
    for name, kind in OWN.items():
        named[kind.__name__] = f"`{name}`"
    inner = re.findall(r"(\w+)(?:'>|, \.\.\.\])$", text)[0]
    return f"list of {named[inner]}" if text.startswith("tuple") else named[inner]


def test_the_table_of_kinds_has_every_field_of_every_kind() -> None:
    written = {(kind, field): value for kind, field, value in documented_fields()}
    declared = {(kind, field): value for kind, field, value in declared_fields()}
    assert written.keys() == declared.keys()
    assert len(written) > 30
    for place, value in declared.items():
        assert written[place].startswith(value), place
    for kind in OWN.values():
        for field in fields(kind):
            if field.default is not MISSING:
                name = "conv" if kind.kind in LIKE_A_CONVOLUTION else kind.kind
                assert f"{field.default} where it is left out" in written[(name, field.name)]


RANGES: dict[str, tuple[int | None, int]] = {
    "`spikes`": encoder_spec.LIMITS["spikes"],
    "`samples` (a design file asks for 16 at least)": encoder_spec.LIMITS["samples"],
    "`adc_bits`": encoder_spec.LIMITS["adc_bits"],
    "stages": (4, encoder_spec.MOST_STAGES),
    "inputs and outputs of a convolution": (1, limits.MOST_CHANNELS),
    "channels of a group, where there are several, and in a residual block": (1, limits.MOST_PER_GROUP),
    "exponents, but those of weights": (-MAX_EXPONENT, MAX_EXPONENT),
    "shifts, those of an identity too": (0, MAX_SHIFT),
    "`decimation`": (1, normalize.MOST_DECIMATION),
    "`input_bits`, `output_bits`": (LEAST_BITS, ACTIVATION_BITS),
    "`output_bits` of `linear`; `bits` of `levels`": (LEAST_BITS, levels.WIDEST),
    "values of a block between two stages": (1, encoder_spec.MOST_VALUES),
    "latents": (1, encoder_spec.MOST_LATENTS),
    "codebooks; code tables": (1, limits.MOST_FEATURES),
    "codewords of a codebook": (1, limits.MOST_CODEWORDS),
    "elements of a codeword": (1, limits.MOST_SAMPLES),
    "classes": (2, levels.MOST_CLASSES),
    "bits of a class's element": (None, levels.WIDEST),
    "`columns`": (1, limits.MOST_FEATURES),
    "`fraction`": (0, levels.MOST_FRACTION),
    "`rounding`, with the largest `fraction`": (0, 1 << levels.MOST_FRACTION >> 1),
    "`order`": (0, levels.WIDEST),
    "groups of levels in a column": (1, limits.MOST_FEATURES),
    "levels of a group": (1, levels.MOST_IN_GROUP),
    "symbols of a group, the reserved one included": (2, limits.MOST_CODEWORDS),
    "bits of an escape": (None, MAX_LENGTH),
    "positions of a block: sub-vectors, or classes, groups and escapes": (1, encoder_spec.MOST_SYMBOLS),
    "bytes of `spec.json`": (None, structure.LARGEST_STRUCTURE),
    "bytes of all arrays": (None, structure.LARGEST_ARRAYS),
}


def test_the_table_of_ranges_is_that_of_the_checks() -> None:
    (body,) = re.findall(r"^\| \| from \| to \|\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.M)
    found = {}
    for line in body.splitlines():
        name, low, high = (cell.strip() for cell in line.strip("|").split("|"))
        found[name] = number(low) if low else None, number(high)
    assert found == RANGES
    assert Linear.widest_output == levels.WIDEST
    assert limits.KERNELS == (1, 3, 5)
    assert "kernel of k taps (1, 3 or 5)" in TEXT


def number(text: str) -> int:
    return int(text.replace(",", "").replace("−", "-"))


def payload_of(folder: Path, adc: np.ndarray) -> bytes:
    """Bytes of the blocks' bits, as the document says."""
    encoder = DocumentedEncoder(folder)
    bits = "".join(encoder.bits(block) for block in adc)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def same(spec: EncoderSpec, folder: Path, adc: np.ndarray) -> None:
    (packet,) = write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=len(adc))
    assert packet[11:-2] == payload_of(folder, adc)


def test_the_documented_encoder_makes_the_shipped_designs_payload() -> None:
    folder, design = ROOT / "designs" / "tiny", load_design(ROOT / "designs" / "tiny.toml")
    same(load_spec(folder), folder, random_adc(design, 6, seed=1))


@pytest.mark.parametrize(
    "changes", [{"groups": 1}, {"groups": 8, "kernel": 5}, {"kernel": 1, "pools": [4]}, {"pools": [2, 1, 2]}], ids=str
)
def test_it_makes_that_of_other_shapes(tiny: Design, tmp_path: Path, changes: dict[str, Any]) -> None:
    design = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update=changes)})
    spec = random_spec(design, 5)
    save_spec(spec, tmp_path)
    same(spec, tmp_path, random_adc(design, 2, seed=5))


@pytest.mark.parametrize("joint", [False, True])
def test_it_makes_that_of_a_linear_encoder(tmp_path: Path, joint: bool) -> None:
    spec = random_linear_spec(3, 12, 8, joint=joint, classes=6, seed=2)
    save_spec(spec, tmp_path)
    same(spec, tmp_path, linear_adc(spec, 30, seed=9))


def test_it_makes_that_of_any_spec(tmp_path: Path) -> None:
    tried = dict.fromkeys(("vq", "levels"), 0)
    for seed in range(250):
        try:
            spec = AnySpec(seed).spec()
        except ValueError:
            continue
        weights = sum(values.size for stage in spec.stages for _, values in stage.coefficients())
        if weights * spec.samples > 20_000:
            continue
        tried[spec.quantizer.kind] += 1
        save_spec(spec, tmp_path)
        codes = np.random.default_rng(seed).integers(-(2**15), 2**15, (1, spec.spikes, spec.samples))
        same(spec, tmp_path, codes.astype(np.int16))
    assert tried["vq"] > 30
    assert tried["levels"] > 10
