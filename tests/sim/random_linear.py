"""Random linear encoders, emitted, compiled and compared with the golden model at every stage."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtl.emit import emit
from rtl.host.register_map import register
from sim.batch import BatchSimulator
from sim.emitted import load_writes
from sim.stage import count_left_over, escapes_sent, measure_latency, run_blocks, steady_state
from sim.verilate import build_library
from spikecae.design import FOLDS, Hardware
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.linear_spec import linear_adc, random_linear_spec

BLOCKS = 16
MOST_WEIGHTS = 4096
MOST_SAMPLES = 1024
"""Of a block."""


ONE_WORD = (478, 1185, 1409)
"""Of encoders whose blocks are one word of the input buffer."""
SEEDS = (*range(1, 19), 21, 27, *ONE_WORD)
"""Of encoders that together have every choice there is in them."""


@dataclass(frozen=True)
class Outcome:
    """What a simulation found; ``escaped`` is the share of groups with levels outside."""

    text: str
    values: int
    mismatches: int
    escaped: float
    predicted: int
    measured: float
    predicted_latency: int
    latency: int

    @property
    def deviation_percent(self) -> float:
        """Of the measured cycles per block from the predicted."""
        return 100 * (self.measured / self.predicted - 1)

    def __str__(self) -> str:
        return (
            f"{self.text}: {self.mismatches} of {self.values} values differ, {self.escaped:.1%} of the groups escaped; "
            f"{self.measured:.1f} cycles a block ({self.deviation_percent:+.1f} %), latency {self.latency} of "
            f"{self.predicted_latency}"
        )


@dataclass(frozen=True)
class Drawn:
    """An encoder of the family, and the knobs of its chip; the names are those of the design file, or of the spec."""

    spikes: int
    samples: int
    features: int
    joint: bool
    classes: int
    decimation: int
    per_sample: bool
    bits: int
    weight_bits: int
    rounding: int
    order: int
    parameters: str
    fold: int

    def __str__(self) -> str:
        what = "the block" if self.joint else "each spike"
        mapped = f"sums of {self.decimation}, " if self.decimation > 1 else "each sample by itself, " * self.per_sample
        return (
            f"M={self.spikes} D={self.samples}, {mapped}{self.features} latents of {what} in {self.bits} bits, weights "
            f"of {self.weight_bits}, {self.classes} classes, rounding {self.rounding}, order {self.order} or more, "
            f"{self.parameters} fold {self.fold}"
        )

    def spec(self, seed: int) -> EncoderSpec:
        """A spec with random parameters."""
        return random_linear_spec(
            self.spikes,
            self.samples,
            self.features,
            joint=self.joint,
            classes=self.classes,
            seed=seed,
            decimation=self.decimation,
            per_sample=self.per_sample,
            bits=self.bits,
            weight_bits=self.weight_bits,
            rounding=self.rounding,
            order=self.order,
        )

    @property
    def hardware(self) -> Hardware:
        """The chip, a packet for each block."""
        knobs = {"fold": self.fold, "parameters": self.parameters, "weight_bits": self.weight_bits}
        return Hardware.model_validate({**knobs, "packet_blocks": 1, "bias_bits": 20})


def draw(seed: int) -> Drawn:
    """One of the family, drawn anew while there is too much in it to be quick."""
    rng = np.random.default_rng(seed)
    while True:
        drawn = Drawn(
            spikes=int(rng.integers(1, 17)),
            samples=int(rng.integers(16, 129)),
            features=int(2 ** rng.uniform(0, 6)),
            joint=bool(rng.integers(2)),
            classes=int(rng.choice([1, 2, 7, 32, 256])),
            decimation=int(rng.choice([1, 1, 2, 4, 8])),
            per_sample=bool(rng.integers(2)),
            bits=int(rng.integers(8, 13)),
            weight_bits=int(rng.choice([4, 8])),
            rounding=int(rng.integers(2, 5)),
            order=int(rng.integers(6)),
            parameters=str(rng.choice(["ram", "rom"])),
            fold=int(rng.choice(FOLDS)),
        )
        mapped = drawn.samples // drawn.decimation * (drawn.spikes if drawn.joint else 1)
        if drawn.samples % drawn.decimation or drawn.spikes * drawn.samples > MOST_SAMPLES or drawn.features > mapped:
            continue
        if drawn.features * mapped <= MOST_WEIGHTS and drawn.features * drawn.classes <= MOST_WEIGHTS:
            return drawn


def check(seed: int, models: Path) -> Outcome:
    """The encoder that a seed draws, as :func:`compare` finds it."""
    return compare(draw(seed), seed, models)


def compare(drawn: Drawn, seed: int, models: Path) -> Outcome:
    """Emit, compile, run and compare, with random parameters.

    Raises:
        HangError, ProtocolError: it gets stuck, or breaks AXI4-Stream.
    """
    spec, knobs = drawn.spec(seed), drawn.hardware
    adc = linear_adc(spec, BLOCKS, seed)
    with tempfile.TemporaryDirectory(prefix="spikecae-linear-") as name:
        folder = Path(name)
        manifest = emit(spec, knobs, folder)
        library = build_library(folder / manifest.verilog, manifest, models)
        with BatchSimulator(library, manifest, load=load_writes(folder, manifest)) as simulator:
            latency = measure_latency(simulator, adc[0])
            parts = list(run_blocks(simulator, spec, adc))
            ends = simulator.frame_end_cycles
            left_over = count_left_over(simulator)
            left_over += abs(simulator.read(register("escapes").offset) - escapes_sent(spec, adc))
    symbols, indices = spec.symbols, encode(spec, adc).indices
    reserved = sorted(set(symbols.escaped_by) - {-1})
    return Outcome(
        text=str(drawn),
        values=sum(part.values for part in parts),
        mismatches=sum(part.total for part in parts) + left_over,
        escaped=float((indices[:, reserved] == np.array(symbols.sizes)[reserved] - 1).mean()),
        predicted=manifest.cycles_per_block,
        measured=steady_state(ends, manifest.cycles_per_block).mean,
        predicted_latency=manifest.latency_cycles,
        latency=latency,
    )
