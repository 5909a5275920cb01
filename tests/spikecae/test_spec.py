from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikecae.design import Design
from spikecae.spec import EncoderSpec, SpecError, load_spec, save_spec
from spikecae.spec.structure import LARGEST_ARRAYS
from spikecae.stages import Codebook, Huffman, Pool, Residual, SubVector, VectorQuantizer
from tests.random_spec import random_spec


@pytest.fixture
def saved(spec: EncoderSpec, tmp_path: Path) -> Path:
    save_spec(spec, tmp_path)
    return tmp_path


def with_stage(spec: EncoderSpec, name: str, **changes: Any) -> EncoderSpec:
    return replace(
        spec, stages=tuple(replace(stage, **changes) if stage.name == name else stage for stage in spec.stages)
    )


def stage(spec: EncoderSpec, name: str) -> Any:
    return next(stage for stage in spec.stages if stage.name == name)


def test_round_trip_is_byte_for_byte(saved: Path, spec: EncoderSpec, tmp_path: Path) -> None:
    loaded = load_spec(saved)
    assert loaded.hash == spec.hash
    save_spec(loaded, tmp_path / "again")
    for name in ("spec.json", "spec.npz"):
        assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes()
    head, arrays = spec.content
    again_head, again_arrays = loaded.content
    assert again_head == head
    assert all(np.array_equal(again_arrays[name], array) for name, array in arrays.items())


def test_no_temporary_file_is_left(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["spec.json", "spec.npz"]


def test_hash_covers_every_array_and_scalar(tiny: Design, spec: EncoderSpec) -> None:
    assert random_spec(tiny, seed=0).hash == spec.hash
    assert spec.tag == int(spec.hash[:4], 16)
    hashes = {spec.hash, replace(spec, design="other").hash, replace(spec, adc_bits=11).hash}
    for array in spec.content[1].values():
        changed = random_spec(tiny, seed=0)
        name = next(name for name, other in spec.content[1].items() if other is array)
        flat = changed.content[1][name].reshape(-1)
        flat[-1] ^= 1
        hashes.add(changed.hash)
    for change in ({"shift": 1}, {"gain": spec.source.gain.astype(np.uint16)[::-1].copy()}):
        hashes.add(with_stage(spec, "normalize", **change).hash)
    assert len(hashes) == 3 + len(spec.content[1]) + 2


def test_hash_does_not_depend_on_memory_layout(spec: EncoderSpec) -> None:
    weight = spec.transforms[-1].weight
    strided = np.asfortranarray(np.repeat(weight, 2, axis=1))[:, ::2]
    assert not strided.flags.c_contiguous
    assert with_stage(spec, "project", weight=strided).hash == spec.hash


def test_a_missing_file_says_which_stage_makes_it(saved: Path) -> None:
    (saved / "spec.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"spec\.npz; run the quantize stage"):
        load_spec(saved)


def conv_like(spec: EncoderSpec, **changes: Any) -> EncoderSpec:
    return with_stage(spec, "conv", **changes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: replace(s, stages=s.stages[1:]), "must be a source, transforms, a quantizer and a coder"),
        (lambda s: replace(s, stages=s.stages[:-1]), "these are .*'transform', 'quantizer'"),
        (lambda s: replace(s, stages=(s.stages[0], *s.stages[-2:])), "must be a source, transforms, a quantizer"),
        (lambda s: replace(s, stages=(*s.stages[:3], s.stages[0], *s.stages[3:])), "must be a source, transforms"),
        (lambda s: replace(s, stages=(*s.stages[:4], s.stages[3], *s.stages[4:])), "two stages are called 'pool0'"),
        (lambda s: replace(s, samples=18), "normalize has 16 entries for 18 samples"),
        (lambda s: replace(s, spikes=3), "conv takes 2 channels"),
        (lambda s: conv_like(s, input_exponent=5), "at exponent 5, but gets 2 at 4"),
        (lambda s: conv_like(s, input_signed=False), "conv.input_signed = False, but what it gets says True"),
        (lambda s: conv_like(s, relu=False), "block0.reduce.input_signed = False, but"),
        (lambda s: conv_like(s, exponent=40), r"conv: shifts -?\d+\.\.-?\d+ must lie in 0..31"),
        (lambda s: conv_like(s, exponent=64), "exponent 64 must lie in"),
        (lambda s: conv_like(s, groups=3), "groups = 3 does not divide 16"),
        (lambda s: conv_like(s, weight=s.stages[1].weight[:, :, :0]), "must be .outputs, inputs / groups, kernel."),
        (lambda s: conv_like(s, weight=np.repeat(s.stages[1].weight, 2, axis=2)), "kernel of 2 taps must be one of"),
        (lambda s: conv_like(s, weight=s.stages[1].weight.astype(np.int16)), "must be int8, got int16"),
        (lambda s: conv_like(s, bias=s.stages[1].bias[1:]), r"bias must have shape \(16,\)"),
        (lambda s: with_stage(s, "normalize", shift=32), "shift = 32 must lie in"),
        (lambda s: with_stage(s, "pool0", size=3), "pool0.size = 3 does not divide 16"),
        (lambda s: with_stage(s, "pool0", size=0), "must be positive"),
        (lambda s: with_stage(s, "project", relu=True), "project.relu must be false"),
        (lambda s: with_stage(s, "vq", exponent=5), "latents have exponent 4, the codebooks 5"),
        (lambda s: with_stage(s, "vq", table=()), "no sub-vectors"),
        (lambda s: with_stage(s, "vq", table=(SubVector(13, 4, 0, 0),)), "ends at 17 of 16"),
        (lambda s: with_stage(s, "vq", table=(SubVector(-1, 4, 0, 0),)), "offset -1 is negative"),
        (lambda s: with_stage(s, "vq", table=(SubVector(0, 5, 0, 0),)), "its codewords have 4"),
        (lambda s: with_stage(s, "vq", table=(SubVector(0, 4, 1, 0),)), "no codebook 1"),
        (lambda s: with_stage(s, "vq", table=(SubVector(0, 4, 0, 1),)), "no code table 1"),
        (lambda s: with_stage(s, "huffman", tables=()), "code tables = 0 must lie in 1..128"),
        (
            lambda s: with_stage(s, "huffman", tables=(np.array([1, 1], np.uint8),)),
            "code table of 2 entries for 16 symbols",
        ),
        (lambda s: with_stage(s, "huffman", tables=(np.full(16, 3, np.uint8),)), "not prefix-free"),
        (lambda s: with_stage(s, "huffman", tables=s.coder.tables * 2), "code table 1 is that of no position"),
        (lambda s: with_stage(s, "huffman", tables=s.coder.tables * 129), r"code tables = 129 must lie in 1\.\.128"),
        (lambda s: with_stage(s, "huffman", tables=(np.full(1, 16, np.uint8),)), "a single symbol has one bit, not 16"),
        (lambda s: with_stage(s, "huffman", tables=(np.full(4096, 12, np.uint8),)), r"entries = 4096 must lie in 1\."),
        (
            lambda s: with_stage(s, "vq", codebooks=s.quantizer.codebooks * 2),
            r"codebooks\[1\] is that of no sub-vector",
        ),
        (lambda s: with_stage(s, "vq", table=s.quantizer.table * 300), "1200 symbols of a block, 1024 at most"),
        (lambda s: Codebook(np.zeros((2049, 1), np.int8), np.zeros(2049, np.int32)), "codewords = 2049 must lie in"),
        (lambda s: Codebook(np.zeros((1, 129), np.int8), np.zeros(1, np.int32)), "elements of a codeword = 129 must"),
        (lambda s: Codebook(np.zeros((2, 1), np.int8), np.array([3, -1], np.int32)), "bias of codeword 1 is negative"),
        (lambda s: conv_like(s, weight=np.zeros((16, 2, 100_001), np.int8)), "kernel of 100001 taps must be one of"),
        (lambda s: conv_like(s, weight=np.zeros((16, 1025, 1), np.int8)), "inputs = 1025 must lie in 1..1024"),
        (lambda s: conv_like(s, groups=2, weight=np.zeros((16, 17, 1), np.int8)), "17 channels per group, 16 at most"),
        (lambda s: conv_like(s, output_bits=1), "output_bits = 1 must lie in 2..8"),
        (lambda s: replace(s, adc_bits=-5), r"adc_bits = -5 must lie in 6\.\.16"),
        (lambda s: replace(s, adc_bits=10**30), r"adc_bits = 10+ must lie in 6\.\.16"),
        (lambda s: replace(s, spikes=300), r"spikes = 300 must lie in 1\.\.16"),
        (lambda s: replace(s, design="\udc80"), r"design = '\\udc80': a name is of letters"),
        (lambda s: with_stage(s, "normalize", gain=np.zeros(16, np.uint16)), "gain is 0 at sample 0"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(spec: EncoderSpec, change: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        change(spec)


def test_residual_blocks_hold_together(spec: EncoderSpec) -> None:
    block = stage(spec, "block0")
    assert isinstance(block, Residual)
    with pytest.raises(ValueError, match=r"block0\.conv does not continue block0\.reduce"):
        replace(block, conv=replace(block.conv, input_exponent=3))
    with pytest.raises(ValueError, match=r"block0: identity shift -?\d+ is negative; choose finer weights"):
        replace(block, reduce=replace(block.reduce, input_exponent=block.expand.input_exponent + 20))
    with pytest.raises(ValueError, match=r"block0\.conv\.input_signed = True, but block0\.reduce has relu = True"):
        replace(block, conv=replace(block.conv, input_signed=True))
    wide = np.repeat(block.expand.weight, 3, axis=2)
    with pytest.raises(ValueError, match=r"block0\.expand: kernel of 3 taps must be 1"):
        replace(block, expand=replace(block.expand, weight=wide))


def test_every_design_that_may_be_asked_for_has_a_spec(tiny: Design) -> None:
    """The largest of all numbers at once."""
    block = tiny.block.model_copy(update={"spikes": 16, "samples": 128})
    largest = {"channels": 1024, "bottleneck": 1024, "groups": 64, "features": 128, "kernel": 5, "pools": [1, 1]}
    updates = {"encoder": tiny.encoder.model_copy(update=largest), "block": block}
    updates["codebook"] = tiny.codebook.model_copy(update={"codewords": 2048})
    spec = random_spec(tiny.model_copy(update=updates), seed=0)
    assert spec.latents.channels * spec.latents.samples == 128 * 128
    arrays = spec.content[1].values()
    assert 10 * sum(array.nbytes for array in arrays) < LARGEST_ARRAYS


def test_all_contradictions_are_told_at_once(spec: EncoderSpec) -> None:
    with pytest.raises(SpecError) as caught:
        replace(spec, spikes=3, samples=20)
    text = str(caught.value)
    assert "normalize has 16 entries for 20 samples" in text
    assert "conv takes 2 channels" in text


def test_identity_shift_and_bounds_by_hand(spec: EncoderSpec) -> None:
    block = stage(spec, "block0")
    shift = block.identity_shift
    assert shift.tolist() == (block.expand.weight_exponent + 4 - 4).tolist()
    low, high = block.bounds
    weight = block.expand.weight.astype(int).sum(axis=2)
    assert high[0] == block.expand.bias[0] + 255 * weight[0][weight[0] > 0].sum() + (255 << shift[0])
    assert low[0] == block.expand.bias[0] + 255 * weight[0][weight[0] < 0].sum()


def test_search_bounds_by_hand() -> None:
    book = Codebook(np.array([[3, -4], [-128, 127]], np.int8), np.array([25, 32513], np.int32))
    # -2 · (3y + -4y') over y in -128..127, and -2 · (-128y + 127y')
    assert book.bounds == (32513 - 2 * (128 * 128 + 127 * 127), 32513 + 2 * (128 * 127 + 127 * 128))


def test_product_quantizers_and_shared_tables_are_specs_too(spec: EncoderSpec) -> None:
    rng = np.random.default_rng(0)
    short = Codebook(rng.integers(-9, 9, (4, 2)).astype(np.int8), np.zeros(4, np.int32))
    vq = stage(spec, "vq")
    table = (SubVector(0, 4, 0, 0), SubVector(4, 2, 1, 1), SubVector(6, 2, 1, 1))
    product = replace(
        spec,
        stages=(
            *spec.stages[:-2],
            VectorQuantizer("vq", vq.exponent, (*vq.codebooks, short), table),
            Huffman("huffman", (*spec.coder.tables, np.array([1, 2, 3, 3], np.uint8))),
        ),
    )
    assert product.table_of == [0, 1, 1]
    assert product.hash != spec.hash


def test_latent_samples_follow_the_pools(spec: EncoderSpec) -> None:
    assert spec.latents.samples == 4
    assert [stage.size for stage in spec.stages if isinstance(stage, Pool)] == [2, 2]
