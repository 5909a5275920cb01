"""An encoder trained from what a chip in raw mode sends is the one of the same spikes. Run by ``make regress``."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.datasets import load_dataset
from rtl.emit import emit
from rtl.host.register_map import register
from sim.batch import BatchSimulator
from sim.verilate import build_library
from spikecae.bitstream.events import Events
from spikecae.bitstream.payload import write_snippets
from spikecae.codec.container import ContainerWriter, file_header
from spikecae.design import Design
from tests.flow.conftest import run_flow
from tests.linear_file import linear_text
from tests.random_spec import random_spec

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]

NAME = "tiny_linear"
RAW, RAW_AND_RUN, RAW_RUN_AND_FLUSH = 4, 5, 7
IDLE = 1 << 3
IN_A_PACKET = 4
"""Snippets: whole neighbourhoods of two; a buffer for this encoder has room for five."""


@pytest.fixture(scope="module")
def spikes(tiny: Design) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """Codes ``[n, 2, 16]`` of the embedded recording's events, and times ``[n]``."""
    data = load_dataset(tiny)
    splits = (data.train, data.validation, data.test)
    times = np.concatenate([split.times_s[:, 0] for split in splits])
    return np.concatenate([split.adc for split in splits]), np.rint(times * tiny.recording.sampling_rate_hz).astype(int)


def sent_by_the_chip(tiny: Design, codes: NDArray[np.int16], models: Path, folder: Path) -> bytes:
    """All bytes of a simulated encoder in raw mode, without channels and times, until nothing is left in it."""
    manifest = emit(random_spec(tiny, 1), tiny.hardware.model_copy(update={"parameters": "rom"}), folder)
    library = build_library(folder / manifest.verilog, manifest, models)
    with BatchSimulator(library, manifest) as chip:
        for name, value in (("control", 0), ("control", RAW), ("packet_blocks", IN_A_PACKET), ("control", RAW_AND_RUN)):
            chip.write(register(name).offset, value)
            chip.step(100)
        chip.feed(codes)
        while chip.waiting:
            chip.step(10 * chip.waiting)
        chip.write(register("control").offset, RAW_RUN_AND_FLUSH)
        chip.step(10_000)
        assert chip.read(register("status").offset) & IDLE
        assert chip.read(register("spikes").offset) == 2 * len(codes)
        return chip.output_bytes.tobytes()


def spec_from(folder: Path, data: Path) -> dict[str, bytes]:
    """The files of the spec that the stages make of a file."""
    build = data.suffix[1:]
    for stage, more in (("train", ["--data", str(data)]), ("quantize", [])):
        done = run_flow(folder, stage, "--design", NAME, "--build", build, *more)
        assert done.returncode == 0, done.stderr
    made = folder / "build" / f"{NAME}@{build}" / "quantize"
    return {name: (made / name).read_bytes() for name in ("spec.json", "spec.npz")}


def test_the_spec_is_that_of_the_same_spikes(
    tiny: Design, spikes: tuple[NDArray[np.int16], NDArray[np.int64]], models: Path, tmp_path: Path
) -> None:
    codes, times = spikes
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs" / f"{NAME}.toml").write_text(linear_text(), encoding="utf-8")
    np.savez(tmp_path / "a.npz", snippets=codes, times=times)

    (tmp_path / "a.packets").write_bytes(sent_by_the_chip(tiny, codes, models, tmp_path / "rtl"))

    spec, each = random_spec(tiny, 1), Events(np.zeros(2 * len(codes), np.int64), np.repeat(times, 2))
    with open(tmp_path / "a.scae", "wb") as file:
        container = ContainerWriter(file, file_header(spec, tiny.adc, tiny.recording.unit, epoch=0))
        rows = codes.reshape(-1, tiny.block.samples)
        container.write(b"".join(write_snippets(spec.tag, rows, snippets_per_packet=7, events=each)))
        container.close()

    wanted = spec_from(tmp_path, tmp_path / "a.npz")
    for name in ("a.packets", "a.scae"):
        assert spec_from(tmp_path, tmp_path / name) == wanted
