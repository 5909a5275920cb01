"""docs/hardware.md, *Parameter memories*: a loader that was written from it makes the generator's load.json."""

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtl.describe import make_manifest
from rtl.emit import emit
from rtl.host.load import load_json
from rtl.host.register_map import json_map
from rtl.planning import make_plan
from rtl.spike_encoder import SpikeEncoder
from spikecae.bitstream.huffman import code_lengths
from spikecae.design import Design, Hardware, load_design
from spikecae.spec import EncoderSpec, load_spec, save_spec
from spikecae.stages import Codebook, Huffman, SubVector, VectorQuantizer
from tests.linear_spec import random_linear_spec
from tests.random_spec import random_spec
from tests.rtl.documented_loader import DocumentedLoader

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")


def written(spec_dir: Path, rtl_dir: Path, knobs: dict[str, Any]) -> None:
    load = json.loads((rtl_dir / "load.json").read_text(encoding="utf-8"))
    found = DocumentedLoader(spec_dir, rtl_dir, knobs).writes()
    assert (load["schema_version"], load["spec_hash"]) == (1, DocumentedLoader(spec_dir, rtl_dir, knobs).spec["hash"])
    for number, (own, generated) in enumerate(zip(found, load["writes"], strict=True)):
        assert own == generated, f"write {number} of {len(found)}"


@pytest.mark.parametrize("knobs", [{}, {"fold": 1, "stationary": "all", "early_exit": True}], ids=str)
def test_it_loads_the_shipped_tiny_at_two_shapes(tmp_path: Path, knobs: dict[str, Any]) -> None:
    content = tomllib.loads((ROOT / "designs" / "tiny.toml").read_text(encoding="utf-8"))["hardware"] | knobs
    emit(load_spec(ROOT / "designs" / "tiny"), Hardware(**content), tmp_path)
    written(ROOT / "designs" / "tiny", tmp_path, content)


def publish(spec: EncoderSpec, hardware: Hardware, folder: Path) -> None:
    """What lies beside the Verilog, without making the Verilog."""
    plan = make_plan(spec, hardware)
    top = SpikeEncoder(plan)
    store = top.chip.encoder.store
    save_spec(spec, folder)
    (folder / "registers.json").write_text(json.dumps(json_map(store.regions, store.addr_bits)))
    (folder / "load.json").write_text(load_json(plan))
    (folder / "manifest.json").write_text(make_manifest(plan, top, "x.v", [], {}).model_dump_json())


@pytest.mark.parametrize("name", ["neuropixels", "wave_clus", "hc1"])
def test_it_loads_the_other_shipped_designs(tmp_path: Path, name: str) -> None:
    design = load_design(ROOT / "designs" / f"{name}.toml")
    publish(load_spec(ROOT / "designs" / name), design.hardware, tmp_path)
    written(tmp_path, tmp_path, design.hardware.model_dump())


def several_codebooks(spec: EncoderSpec) -> EncoderSpec:
    """Codewords of two lengths in three passes, with a code table each."""
    rng = np.random.default_rng(3)
    short = rng.integers(-8, 8, (5, 2)).astype(np.int8)
    books = (*spec.quantizer.codebooks, Codebook(short, (short.astype(int) ** 2).sum(axis=1).astype(np.int32) + 7))
    table = (SubVector(0, 4, 0, 0), SubVector(4, 2, 1, 1), SubVector(6, 2, 1, 1), SubVector(8, 4, 0, 0))
    quantizer = VectorQuantizer("vq", spec.quantizer.exponent, books, table)
    coder = Huffman("huffman", (*spec.coder.tables, code_lengths(np.array([9, 1, 4, 4, 2]))))
    return replace(spec, stages=(*spec.stages[:-2], quantizer, coder))


SHAPES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"kernel": 5, "groups": 2}, {}, {"fold": 8}),
    ({"groups": 1, "bottleneck": 6}, {}, {"fold": 1, "bias_bits": 24}),
    ({"pools": [1, 4], "features": 7}, {}, {"fold": 16, "bias_bits": 13}),
    ({"features": 1}, {"weight_bits": 4, "latent_bits": 5}, {"fold": 1, "weight_bits": 4}),
    ({"channels": 24, "bottleneck": 12}, {"weight_bits": 6, "activation_bits": 6}, {"fold": 2, "weight_bits": 6}),
    ({"groups": 8}, {}, {"fold": 1, "stationary": "convolutions", "early_exit": True}),
    ({"pools": [4, 4]}, {}, {"fold": 2, "early_exit": True}),
    ({"pools": [1, 1]}, {"latent_bits": 4}, {"fold": 16, "early_exit": True}),
]


LARGE_ENOUGH = [shape for shape in SHAPES if "pools" not in shape[0] and "features" not in shape[0]]


@pytest.mark.parametrize(
    ("shape", "several"), [(s, False) for s in SHAPES] + [(s, True) for s in LARGE_ENOUGH], ids=str
)
def test_it_loads_other_shapes(
    tiny: Design, tmp_path: Path, shape: tuple[dict[str, Any], dict[str, Any], dict[str, Any]], several: bool
) -> None:
    encoder, widths, knobs = shape
    updates = {"encoder": tiny.encoder.model_copy(update=encoder)}
    updates["quantization"] = tiny.quantization.model_copy(update=widths)
    spec = random_spec(tiny.model_copy(update=updates), 11)
    publish(several_codebooks(spec) if several else spec, Hardware(**knobs), tmp_path)
    written(tmp_path, tmp_path, knobs)


@pytest.mark.parametrize(
    ("shape", "knobs"),
    [
        ((2, 16, 5, False, 3), {"fold": 4}),
        ((3, 40, 9, False, 1), {"fold": 16, "weight_bits": 8}),
        ((4, 48, 30, True, 8), {"fold": 8, "bias_bits": 20}),
        ((1, 33, 20, False, 2), {"fold": 1, "stationary": "convolutions"}),
    ],
    ids=str,
)
def test_it_loads_linear_encoders(
    tmp_path: Path, shape: tuple[int, int, int, bool, int], knobs: dict[str, Any]
) -> None:
    spikes, samples, latents, joint, classes = shape
    spec = random_linear_spec(spikes, samples, latents, joint=joint, classes=classes, seed=spikes)
    publish(spec, Hardware(**knobs), tmp_path)
    written(tmp_path, tmp_path, knobs)


def test_the_crc_in_the_document_is_tinys() -> None:
    (row,) = re.findall(r"^\| (0x\w+) \| (0x\w+) \| (\w+) \| (0x\w+) \| (0x\w+) \|$", TEXT, re.M)
    assert row == ("0x04C11DB7", "0xFFFFFFFF", "yes", "0xFFFFFFFF", "0xCBF43926")
    plan = make_plan(load_spec(ROOT / "designs" / "tiny"), load_design(ROOT / "designs" / "tiny.toml").hardware)
    crc = json.loads(load_json(plan))["writes"][-2][1]
    assert f"`crc_expected` = `0x{crc:08X}`" in TEXT
