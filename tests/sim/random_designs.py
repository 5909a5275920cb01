"""Random legal designs, emitted, compiled and compared with the golden model at every stage.

``python -m tests.sim.random_designs FIRST COUNT`` prints a line for each seed; it exits with 1 if one differs.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtl.emit import emit
from sim.batch import BatchSimulator
from sim.emitted import load_writes
from sim.stage import FILLING, count_left_over, measure_latency, run_blocks, steady_state
from sim.verilate import build_library
from spikecae.bitstream.huffman import code_lengths
from spikecae.design import FOLDS, Design, load_design
from spikecae.limits import MOST_FEATURES
from spikecae.spec import EncoderSpec
from spikecae.stages import Codebook, Huffman, SubVector, VectorQuantizer
from tests.random_spec import random_adc, random_spec

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "build" / "test-models"
MOST_MACS = 60_000
"""Of a block: larger networks say nothing more, but take longer to compile and run."""


@dataclass(frozen=True)
class Outcome:
    """What a design's simulation found."""

    design: Design
    product: bool
    blocks: int
    values: int
    mismatches: int
    first: str
    predicted: int
    measured: float
    predicted_latency: int
    latency: int

    @property
    def deviation_percent(self) -> float:
        """Of the measured cycles per block from the predicted; 0 where too few blocks ran to measure them."""
        return 100 * (self.measured / self.predicted - 1) if self.measured else 0.0

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return self.mismatches == 0 and abs(self.deviation_percent) <= 5 and self.latency <= self.predicted_latency

    def __str__(self) -> str:
        block, encoder, hardware = self.design.block, self.design.encoder, self.design.hardware
        widths = self.design.quantization
        pace = f"{self.measured:.1f} cycles a block ({self.deviation_percent:+.1f} %)" if self.measured else "one block"
        return (
            f"{'ok ' if self.good else 'BAD'} {self.design.name}: M={block.spikes} D={block.samples} "
            f"{encoder.channels}/{encoder.bottleneck} channels, {encoder.groups} groups, kernel {encoder.kernel}, "
            f"pools {encoder.pools}, N={encoder.features} K={self.design.codebook.codewords}"
            f"{' product' if self.product else ''}, {hardware.parameters} fold {hardware.fold}"
            f"{', early exit' if hardware.early_exit else ''}, {widths.weight_bits}-bit weights, "
            f"{widths.activation_bits}-bit activations, {widths.latent_bits}-bit latents: "
            f"{self.blocks} blocks, {self.mismatches} of {self.values} values differ{self.first}; {pace}; "
            f"latency {self.latency} of {self.predicted_latency}"
        )


def changed(design: Design, **sections: dict[str, object]) -> Design:
    """A design with some keys of its sections replaced, checked anew."""
    content = design.model_dump()
    for section, keys in sections.items():
        content[section] |= keys
    return Design.model_validate(content)


def macs(design: Design) -> int:
    """Multiply-accumulates of a block."""
    block, encoder = design.block, design.encoder
    samples, total = block.samples, block.spikes * encoder.channels * block.samples
    wide, narrow = encoder.channels // encoder.groups, encoder.bottleneck // encoder.groups
    for pool in encoder.pools:
        total += encoder.groups * samples * narrow * (2 * wide + narrow * encoder.kernel)
        samples //= pool
    search = encoder.features * samples * design.codebook.codewords
    return total + encoder.channels * encoder.features * samples + search


def random_design(tiny: Design, seed: int) -> Design:
    """A design drawn from the whole legal range of every key; drawn again while it is too large to be quick."""
    rng = np.random.default_rng(seed)
    weight_bits = (4, 6, 8)[seed // 2 % 3]
    widths = {"activation_bits": (8, 6, 5, 4)[seed % 4], "latent_bits": (8, 5, 4, 6)[seed // 2 % 4]}
    while True:
        pools = [int(rng.choice([1, 2, 4])) for _ in range(rng.integers(1, 4))]
        pooling = int(np.prod(pools))
        samples = int(rng.integers(-(-16 // pooling), 128 // pooling + 1)) * pooling
        groups = int(2 ** rng.integers(0, 6))
        design = changed(
            tiny,
            adc={"bits": int(rng.integers(6, 17))},
            block={"spikes": int(rng.integers(1, 17)), "samples": samples},
            encoder={
                "channels": groups * int(rng.integers(1, 17)),
                "bottleneck": groups * int(rng.integers(1, 17)),
                "groups": groups,
                "kernel": int(rng.choice([1, 3, 5])),
                "pools": pools,
                "features": int(2 ** rng.uniform(0, 7)),
            },
            codebook={"codewords": int(2 ** rng.uniform(1, 11))},
            quantization={"weight_bits": weight_bits, **widths},
            hardware={
                "fold": int(rng.choice(FOLDS)),
                "parameters": str(rng.choice(["ram", "rom"])),
                "packet_blocks": 1,
                "bias_bits": int(rng.integers(15, 25)),
                "early_exit": bool(rng.integers(2)),
                "weight_bits": weight_bits,
            },
        ).model_copy(update={"name": f"random{seed}"})
        if macs(design) <= MOST_MACS:
            return design


def product_quantized(spec: EncoderSpec, seed: int) -> EncoderSpec:
    """The same encoder with sub-vectors of random lengths; some share codebooks, and all where there can be no more."""
    rng = np.random.default_rng(seed)
    total = sum(part.length for part in spec.quantizer.table)
    books: list[Codebook] = []
    tables: list[np.ndarray] = []
    parts: list[SubVector] = []
    at = 0
    while at < total:
        length = int(min(total - at, rng.integers(1, 17)))
        shared = [n for n, book in enumerate(books) if book.words.shape[1] == length]
        if shared and (len(books) == MOST_FEATURES or rng.random() < 0.7):
            book = int(rng.choice(shared))
        else:
            size = int(rng.integers(2, 33))
            words = (rng.integers(-90, 90, (size, length)) >> (8 - spec.transforms[-1].output_bits)).astype(np.int8)
            books.append(Codebook(words, (words.astype(np.int64) ** 2).sum(axis=1).astype(np.int32)))
            tables.append(code_lengths(rng.integers(1, 100, size)))
            book = len(books) - 1
        parts.append(SubVector(at, length, book, book))
        at += length
    quantizer = VectorQuantizer("vq", spec.quantizer.exponent, tuple(books), tuple(parts))
    stages = (*spec.stages[:-2], quantizer, Huffman("huffman", tuple(tables)))
    return EncoderSpec(spec.design, spec.spikes, spec.samples, spec.adc_bits, stages)


def check(design: Design, seed: int, *, product: bool = False, blocks: int = 16, models: Path = MODELS) -> Outcome:
    """Emit, compile, run and compare; measure cycles where there are enough blocks.

    Raises:
        HangError, ProtocolError: it gets stuck, or breaks AXI4-Stream.
    """
    spec = random_spec(design, seed)
    if product:
        spec = product_quantized(spec, seed)
    adc = random_adc(design, blocks, seed)
    with tempfile.TemporaryDirectory(prefix="spikecae-random-") as name:
        folder = Path(name)
        manifest = emit(spec, design.hardware, folder)
        library = build_library(folder / manifest.verilog, manifest, models)
        with BatchSimulator(library, manifest, load=load_writes(folder, manifest)) as simulator:
            latency = measure_latency(simulator, adc[0])
            parts = list(run_blocks(simulator, spec, adc))
            ends = simulator.frame_end_cycles
            left_over = count_left_over(simulator)
    first = next((part.first for part in parts if part.first is not None), None)
    return Outcome(
        design=design,
        product=product,
        blocks=blocks,
        values=sum(part.values for part in parts),
        mismatches=sum(part.total for part in parts) + left_over,
        first="" if first is None else f" (first: {first})",
        predicted=manifest.cycles_per_block,
        measured=steady_state(ends, manifest.cycles_per_block).mean if blocks > FILLING + 1 else 0.0,
        predicted_latency=manifest.latency_cycles,
        latency=latency,
    )


def main(first: int, count: int) -> int:
    """Run the designs of some seeds; every third has a product quantizer."""
    tiny = load_design(ROOT / "designs" / "tiny.toml")
    bad = 0
    for seed in range(first, first + count):
        started = time.perf_counter()
        outcome = check(random_design(tiny, seed), seed, product=seed % 3 == 0)
        bad += not outcome.good
        print(f"{outcome}; {time.perf_counter() - started:.0f} s", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
