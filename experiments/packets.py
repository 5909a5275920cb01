"""What framing costs: bits on the wire against Huffman bits, by the blocks of a packet, with and without events."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.experiment import Configuration, Experiment
from experiments.outcome import Outcome, Parameters, data_of
from experiments.plots import subplots
from experiments.result import ExperimentResult
from experiments.sources import HC1, WAVE_CLUS, read
from experiments.training import DESIGNS
from model.datasets import SpikeDataset
from quantize.measure import split_events
from spikecae.bitstream.payload import wire_bits
from spikecae.design import Design, load_design
from spikecae.evaluation.quality import SAMPLE_BITS
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, load_spec

__all__ = ["EXPERIMENT"]

FILES = {"neuropixels": None, "wave_clus": WAVE_CLUS["D2 0.05"], "hc1": HC1}
"""The spikes of each design; None for the embedded recording, the only one of them with spike times."""
BLOCKS = (1, 2, 4, 8, 16, 32, 64)


def configurations() -> list[Configuration]:
    """Packets of 1 to 64 blocks."""
    return [
        Configuration(
            labels={"design": name, "events": events, "blocks per packet": str(blocks)},
            parameters={"design": name, "events": events, "blocks": blocks},
        )
        for name in FILES
        for events in (("none", "channels and times") if FILES[name] is None else ("none",))
        for blocks in BLOCKS
    ]


@cache
def coded(name: str) -> tuple[Design, EncoderSpec, SpikeDataset, NDArray[np.int64]]:
    """A design, its shipped encoder spec, its spikes, and the Huffman bits (blocks,) of the test blocks."""
    design, spec = load_design(DESIGNS / f"{name}.toml"), load_spec(DESIGNS / name)
    dataset = read(FILES[name], design)
    return design, spec, dataset, encode(spec, dataset.test.adc).payload_bits


def run(parameters: Parameters, seed: int) -> Outcome:
    """Divide the test blocks among packets, and count."""
    design, spec, dataset, payload = coded(str(parameters["design"]))
    events = None if parameters["events"] == "none" else split_events(design, dataset.test)
    bits = wire_bits(payload, blocks_per_packet=int(parameters["blocks"]), spikes=design.block.spikes, events=events)
    uncoded = SAMPLE_BITS * dataset.test.adc.size
    metrics = {
        "cr_huffman": uncoded / float(payload.sum()),
        "cr_wire": uncoded / bits,
        "overhead_percent": 100 * (bits / float(payload.sum()) - 1),
        "packet_bytes": bits / 8 / int(np.ceil(len(payload) / int(parameters["blocks"]))),
    }
    return Outcome(
        metrics=metrics,
        provenance=dataset.provenance,
        data=data_of(dataset),
        specs={spec.design: spec.hash},
    )


def figure(result: ExperimentResult) -> Figure:
    """Overhead against blocks, one line per design and kind of event."""
    drawn, (axes,) = subplots(1, (4.6, 3.0))
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in result.rows:
        point = (int(row.labels["blocks per packet"]), row.metrics["overhead_percent"].mean)
        lines.setdefault((row.labels["design"], row.labels["events"]), []).append(point)
    for (name, events), points in lines.items():
        axes.plot(
            *zip(*points, strict=True),
            "o-" if events == "none" else "s--",
            ms=3,
            label=f"{name}, {'no events' if events == 'none' else events}",
        )
    axes.set(xscale="log", yscale="log", xlabel="blocks per packet", ylabel="bits beyond the Huffman codes, %")
    axes.set_xticks(BLOCKS, [str(blocks) for blocks in BLOCKS])
    axes.minorticks_off()
    drawn.legend(loc="outside lower center", ncols=2, fontsize=7, frameon=False)
    return drawn


EXPERIMENT = Experiment(
    name="packets",
    title="Packets: what framing, padding and events cost",
    configurations=configurations,
    run=run,
    designs=("neuropixels", "wave_clus", "hc1"),
    figure=figure,
    remarks=(
        "A packet of few blocks costs more bits and loses fewer blocks when the link damages it. packet_bytes is the "
        "mean size, framing included.",
    ),
)
