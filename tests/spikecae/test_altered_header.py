"""Headers that were changed and sealed again: what they say otherwise than the file's rest, or its spec, is told."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from spikecae.bitstream.packets import Header, Sidecar, frame
from spikecae.bitstream.payload import write_snippets
from spikecae.codec.container import MAGIC, PREFIX, ContainerWriter, file_header
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc
from tests.spikecae.command import SHIPPED, Run

SPEC = ("--spec", SHIPPED)


def alter(path: Path, **changes: object) -> None:
    data = path.read_bytes()
    end = 16 + int.from_bytes(data[8:12], "big")
    header = json.loads(data[16:end])
    body = json.dumps(header | changes).encode()
    path.write_bytes(PREFIX.pack(MAGIC, len(body), zlib.crc32(body)) + body + data[end:])


@pytest.fixture
def file(run: Run, tiny: Design, tmp_path: Path) -> Path:
    np.save(tmp_path / "codes.npy", random_adc(tiny, 40, seed=1))
    run("encode", "codes.npy", "x.scae", *SPEC)
    return tmp_path / "x.scae"


@pytest.mark.parametrize("blocks", [0, 39, 41, 10**30])
def test_blocks(run: Run, file: Path, blocks: int) -> None:
    alter(file, blocks=blocks)
    reason = f"x.scae is damaged: its header, altered after it was written, says {blocks} blocks, but its end record"
    assert f"{reason} says 40" in run("inspect", "x.scae", status=1)
    assert f"{reason} says 40. Nothing was written; get" in run("decode", "x.scae", "y", *SPEC, "--latents", status=1)
    assert not file.with_name("y").exists()
    assert reason in run("decode", "x.scae", "y", *SPEC, "--latents", "--keep-going")
    assert json.loads(run("inspect", "x.scae", "--json", status=1, stdout=True))["contents"]["whole"] is False


def test_blocks_that_the_header_does_not_know(run: Run, file: Path) -> None:
    alter(file, blocks=None)
    run("inspect", "x.scae")
    run("decode", "x.scae", "y", *SPEC, "--latents")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spikes": 4}, "spikes = 4, but its spec says 2"),
        ({"samples": 8}, "samples = 8, but its spec says 16"),
        ({"design": "wave_clus"}, "design = 'wave_clus', but its spec says 'tiny'"),
        ({"adc": {"bits": 12, "lsb": 1.0}}, "adc.bits = 12, but its spec says 10"),
    ],
)
def test_what_the_spec_says_too(run: Run, file: Path, change: dict[str, object], reason: str) -> None:
    pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
    alter(file, **change)
    for latents in ((), ("--latents",)):
        said = run("decode", "x.scae", "y", *SPEC, *latents, status=1)
        assert said.startswith("error: x.scae is damaged: its header, altered after it was written, says " + reason)
        assert "get the file anew" in said
    assert not file.with_name("y").exists()
    assert reason in run("decode", "x.scae", "y", *SPEC, "--latents", "--keep-going")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spec_hash": "0" * 64}, "spec_hash = 00000000…, but packet 0 is of one that begins"),
        ({"samples": 8}, "samples = 8, but packet 2 has 96 bytes for 3 snippets, not 48"),
        ({"spikes": 1}, "spikes = 1, but packet 0 has a block that lacks 1"),
        ({"spikes": 16}, "spikes = 16, but packet 1 has fewer bits than the times of so many take"),
    ],
)
def test_what_packets_show_without_a_spec(
    run: Run, shipped: EncoderSpec, tiny: Design, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    """A partial block; one of two spikes with a time each, 8 + 10 + 10 bits and more for its codes; three snippets."""
    coded = [
        frame(Header(0, shipped.tag, 1, 4, missing=1), bytes(4)),
        frame(Header(1, shipped.tag, 1, 6, sidecar=Sidecar.SPIKE), bytes(6)),
    ]
    raw = write_snippets(
        shipped.tag, random_adc(tiny, 2, seed=1)[:, 0].repeat(2, 0)[:3], snippets_per_packet=3, sequence=2
    )
    with open(tmp_path / "x.scae", "wb") as file:
        container = ContainerWriter(file, file_header(shipped, tiny.adc, "uV"))
        container.write(b"".join([*coded, *raw]))
        container.close()
    run("inspect", "x.scae")
    alter(tmp_path / "x.scae", **change)
    said = run("inspect", "x.scae", status=1)
    assert f"its header, altered after it was written, says {reason}" in said
