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
from spikecae.design import Hardware
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.linear_spec import linear_adc, random_linear_spec

BLOCKS = 16
MOST_WEIGHTS = 4096


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


def random_linear(seed: int) -> tuple[EncoderSpec, Hardware, str]:
    """A spec and knobs, drawn anew while there are too many weights to be quick; and both in words."""
    rng = np.random.default_rng(seed)
    while True:
        spikes, samples = int(rng.integers(1, 17)), int(rng.integers(16, 129))
        latents, joint = int(2 ** rng.uniform(0, 6)), bool(rng.integers(2))
        classes, fold = int(rng.choice([1, 2, 7, 32])), int(rng.choice([1, 2, 4, 8, 16]))
        if joint and spikes * samples > 1024:
            continue
        if latents * samples * (spikes if joint else 1) <= MOST_WEIGHTS and latents <= samples:
            break
    parameters = str(rng.choice(["ram", "rom"]))
    spec = random_linear_spec(spikes, samples, latents, joint=joint, classes=classes, seed=seed)
    knobs = Hardware.model_validate({"fold": fold, "parameters": parameters, "packet_blocks": 1, "bias_bits": 20})
    what = "the block" if joint else "each spike"
    text = f"M={spikes} D={samples}, {latents} latents of {what}, {classes} classes, {parameters} fold {fold}"
    return spec, knobs, text


def check(seed: int, models: Path) -> Outcome:
    """Emit, compile, run and compare.

    Raises:
        HangError, ProtocolError: it gets stuck, or breaks AXI4-Stream.
    """
    spec, knobs, text = random_linear(seed)
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
        text=text,
        values=sum(part.values for part in parts),
        mismatches=sum(part.total for part in parts) + left_over,
        escaped=float((indices[:, reserved] == np.array(symbols.sizes)[reserved] - 1).mean()),
        predicted=manifest.cycles_per_block,
        measured=steady_state(ends, manifest.cycles_per_block).mean,
        predicted_latency=manifest.latency_cycles,
        latency=latency,
    )
