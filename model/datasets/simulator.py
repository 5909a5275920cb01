"""Single-electrode recordings simulated the way the Wave_Clus files were made.

Source: Quiroga, Nadasdy, Ben-Shaul, Neural Computation 16 (2004), section 3.1. Three units fire as Poisson processes
with a refractory time; the background is a great many spikes of other units at random times and amplitudes, scaled to
a deviation that is given relative to the units' peaks. Here the shapes are formulas, so that they can lie between
samples and drift; the original took them from a database of measured means.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import SpikeTable
from spikecae.design import Design

__all__ = ["FAMILIES", "LabelledSpikes", "Simulation", "background", "shape", "simulate", "simulated_spikes"]

Family = Literal["easy1", "easy2", "difficult1", "difficult2"]
Shapes = NDArray[np.float64]
"""(units, 5): width of the peak, depths of the troughs before and after it, delay and width of the latter; in ms."""

FAMILIES: dict[Family, Shapes] = {
    "easy1": np.array([[0.10, 0.05, 0.50, 0.45, 0.30], [0.25, 0.40, 0.20, 0.80, 0.40], [0.15, 0.00, 0.90, 0.35, 0.20]]),
    "easy2": np.array([[0.12, 0.10, 0.30, 0.50, 0.30], [0.22, 0.30, 0.60, 0.60, 0.30], [0.16, 0.00, 0.10, 0.70, 0.50]]),
    "difficult1": np.array(
        [[0.14, 0.10, 0.40, 0.50, 0.30], [0.18, 0.10, 0.40, 0.55, 0.30], [0.14, 0.25, 0.60, 0.50, 0.30]]
    ),
    "difficult2": np.array(
        [[0.14, 0.10, 0.40, 0.50, 0.30], [0.16, 0.15, 0.45, 0.55, 0.30], [0.14, 0.20, 0.50, 0.45, 0.28]]
    ),
}
"""From shapes that are easily told apart to shapes that are hardly."""
LOWEST, HIGHEST = np.array([0.08, 0.0, 0.1, 0.35, 0.2]), np.array([0.28, 0.4, 0.9, 0.8, 0.5])
"""Range of the background's shapes."""
BEFORE_MS, AFTER_MS = 1.0, 2.5
REFRACTORY_S = 0.002
BACKGROUND_PER_MS = 3.0
CHUNK = 4096
ALIGN_MS = 0.3
OVERLAP_MS = 1.5
"""The original lists spikes that follow another one by less as overlapping."""


@dataclass(frozen=True)
class Simulation:
    """One recording.

    ``noise`` is the background's deviation where peaks are 1; ``drift`` the share of the amplitude that each unit has
    lost at the end, while its spikes have grown wider by as much.
    """

    family: Family
    noise: float
    seed: int = 0
    duration_s: float = 60.0
    rate_hz: float = 20.0
    drift: float = 0.0


@dataclass(frozen=True)
class LabelledSpikes:
    """Spikes with the ``unit`` int32 ``[E]`` (1, 2, 3) of each, and whether it is ``overlapped`` bool ``[E]``."""

    table: SpikeTable
    unit: NDArray[np.int32]
    overlapped: NDArray[np.bool_]


def shape(time_ms: NDArray[np.floating], shapes: Shapes) -> NDArray[np.float64]:
    """Waveforms at ``time_ms`` ``[n, L]`` after the peak of spikes of ``shapes`` ``[n, 5]``; about 1 at the peak."""
    width, before, after, delay, slow = (shapes[:, None, place] for place in range(5))

    def bump(center: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(-0.5 * ((time_ms - center) / spread) ** 2)

    return bump(0 * width, width) - before * bump(-2.5 * width, width) - after * bump(delay + width, slow)


def simulate(
    simulation: Simulation, rate_hz: float
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.int32]]:
    """Trace ``[T]``, and the time in samples and the unit (1, 2, 3) of every spike, in order of time."""
    random = np.random.default_rng(simulation.seed)
    shapes = FAMILIES[simulation.family]
    times, units = [], []
    for unit in range(len(shapes)):
        count = int(2 * simulation.rate_hz * simulation.duration_s) + 20
        gaps = REFRACTORY_S + random.exponential(1 / simulation.rate_hz - REFRACTORY_S, count)
        own = np.cumsum(gaps)
        own = own[own < simulation.duration_s]
        times.append(own * rate_hz)
        units.append(np.full(len(own), unit, np.int32))
    time, unit_of = np.concatenate(times), np.concatenate(units)
    order = np.argsort(time, kind="stable")
    time, unit_of = time[order], unit_of[order]
    lost = simulation.drift * time / (simulation.duration_s * rate_hz)
    own_shapes = shapes[unit_of].copy()
    own_shapes[:, 0] *= 1 + lost
    samples = round(simulation.duration_s * rate_hz)
    trace = simulation.noise * background(samples, rate_hz, random)
    _place(trace, time, own_shapes, 1 - lost, rate_hz)
    return trace.astype(np.float32), time, unit_of + 1


def background(samples: int, rate_hz: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Noise ``[T]`` of mean 0 and deviation 1: scaled spikes of random shapes at random times."""
    count = round(BACKGROUND_PER_MS * 1000 * samples / rate_hz)
    trace = np.zeros(samples)
    shapes = random.uniform(LOWEST, HIGHEST, (count, 5))
    _place(trace, random.uniform(0, samples, count), shapes, random.normal(size=count), rate_hz)
    return np.asarray((trace - trace.mean()) / trace.std())


def simulated_spikes(simulation: Simulation, design: Design) -> LabelledSpikes:
    """Snippets of ``design`` at the true times, each aligned to the largest sample close by; one channel, synthetic."""
    rate = design.recording.sampling_rate_hz
    trace, time, unit = simulate(simulation, rate)
    reach = round(ALIGN_MS * rate / 1000)
    middle = np.round(time).astype(np.intp)
    window = np.arange(design.block.samples) - design.recording.peak
    inside = (middle - reach + window[0] >= 0) & (middle + reach + window[-1] < len(trace))
    near = np.diff(time, prepend=-np.inf) < OVERLAP_MS * rate / 1000
    overlapped = (near | np.append(near[1:], False))[inside]
    middle, time, unit = middle[inside], time[inside], unit[inside]
    around = trace[middle[:, None] + np.arange(-reach, reach + 1)]
    peak = middle - reach + around.argmax(axis=1)
    drift = f", drift {simulation.drift:g}" if simulation.drift else ""
    table = SpikeTable(
        snippets=trace[(peak[:, None] + window)][:, None, :],
        times_s=peak / rate,
        channels=np.zeros((len(peak), 1), np.int32),
        provenance="synthetic",
        source=f"simulated {simulation.family}, noise {simulation.noise:g}{drift} (seed {simulation.seed})",
    )
    return LabelledSpikes(table, unit, overlapped)


def _place(
    trace: NDArray[np.float64],
    time: NDArray[np.float64],
    shapes: Shapes,
    amplitude: NDArray[np.float64],
    rate_hz: float,
) -> None:
    """Add spikes at ``time`` (samples, fractions included) to ``trace``."""
    window = np.arange(-round(BEFORE_MS * rate_hz / 1000), round(AFTER_MS * rate_hz / 1000) + 1)
    for start in range(0, len(time), CHUNK):
        part = slice(start, start + CHUNK)
        at = np.round(time[part]).astype(np.intp)[:, None] + window
        values = amplitude[part, None] * shape((at - time[part, None]) * 1000 / rate_hz, shapes[part])
        inside = (at >= 0) & (at < len(trace))
        trace += np.bincount(at[inside], values[inside], minlength=len(trace))
