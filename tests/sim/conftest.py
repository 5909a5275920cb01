"""The small encoder, emitted and compiled once, with blocks to run on it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rtl.emit import emit
from rtl.manifest import Manifest
from sim.batch import BatchSimulator
from sim.emitted import load_writes
from sim.toolchain import available
from sim.verilate import build_library
from spikecae.design import Design
from spikecae.golden import EncodedBlocks, encode
from spikecae.spec import EncoderSpec
from synth.targets.find import macro_kit
from tests.random_spec import random_adc, random_spec

MODELS = Path(__file__).parents[2] / "build" / "test-models"
"""Compiled models, under names with a hash of their content: shared by all tests and test runs."""
READ_ONCE = ("weights", "parameters", "codebook")
"""Memories of which every word is read once a block."""


@dataclass(frozen=True)
class Emitted:
    """An encoder with its Verilog, and what it must make of some blocks."""

    spec: EncoderSpec
    rtl_dir: Path
    manifest: Manifest
    adc: np.ndarray
    golden: EncodedBlocks
    load: list[tuple[int, int]]


def with_longer_blocks(tiny: Design) -> Design:
    """The small design, of blocks so long that its input buffer and event queue are macros, with two ports."""
    return tiny.model_copy(update={"block": tiny.block.model_copy(update={"spikes": 6})})


def emitted(tiny: Design, rtl_dir: Path, **knobs: object) -> Emitted:
    """The small encoder with random parameters."""
    spec, hardware = random_spec(tiny, seed=1), tiny.hardware.model_copy(update=knobs)
    manifest = emit(spec, hardware, rtl_dir, kit=macro_kit(hardware.memories))
    adc = random_adc(tiny, blocks=12, seed=2)
    return Emitted(spec, rtl_dir, manifest, adc, encode(spec, adc), load_writes(rtl_dir, manifest))


@pytest.fixture(scope="session")
def encoder(tiny: Design, tmp_path_factory: pytest.TempPathFactory) -> Emitted:
    """With built-in parameters: the Verilog's text holds the weights."""
    return emitted(tiny, tmp_path_factory.mktemp("rom") / "rtl", parameters="rom")


@pytest.fixture(scope="session")
def loadable(tiny: Design, tmp_path_factory: pytest.TempPathFactory) -> Emitted:
    """With parameters that are loaded."""
    return emitted(tiny, tmp_path_factory.mktemp("ram") / "rtl", parameters="ram")


@pytest.fixture(scope="session")
def models() -> Path:
    for tool in ("verilator", "g++"):
        if not available(tool):
            pytest.skip(f"{tool} is not installed")
    return MODELS


@pytest.fixture(scope="session")
def library(encoder: Emitted, models: Path) -> Path:
    return build_library(encoder.rtl_dir / encoder.manifest.verilog, encoder.manifest, models)


@pytest.fixture
def simulator(encoder: Emitted, library: Path):
    with BatchSimulator(library, encoder.manifest, load=encoder.load) as running:
        yield running


@pytest.fixture
def loaded(loadable, models):
    library = build_library(loadable.rtl_dir / loadable.manifest.verilog, loadable.manifest, models)
    with BatchSimulator(library, loadable.manifest, load=loadable.load) as running:
        yield running
