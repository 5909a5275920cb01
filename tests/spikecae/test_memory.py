"""Memory does not grow with what is encoded or decoded."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np
from spikecae.codec import Decoder, Encoder
from spikecae.design import load_design
from tests.random_spec import random_adc, random_spec

design = load_design(Path("designs/tiny.toml"))
spec = random_spec(design, seed=0)
encoder, decoder = Encoder(spec), Decoder(spec, Path())
chunk = random_adc(design, 8192, seed=1)
blocks = 0
for _ in range(int(sys.argv[1])):
    for item in decoder.feed(encoder.encode(chunk)):
        blocks += len(item.blocks.indices)
print(blocks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kib(chunks: int) -> int:
    command = [sys.executable, "-c", PROGRAM, str(chunks)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    blocks, peak = map(int, done.stdout.split())
    assert blocks >= chunks * 8192 - 16
    return peak


def test_a_stream_many_times_as_long_takes_no_more_memory() -> None:
    short, long = peak_kib(2), peak_kib(32)
    added_kib = 30 * 8192 * 64 / 1024  # 64 bytes of codes a block
    assert long < short + added_kib / 4
