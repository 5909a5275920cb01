"""The autoencoder as an experiment runs it: trained on one recording, measured on the same or another."""

from experiments.outcome import Outcome, data_of
from experiments.training import Trained, with_settings
from model.datasets import SpikeDataset
from model.evaluation import evaluate, run_model
from model.metrics import index_counts
from quantize.measure import split_events
from spikecae.bitstream.huffman import code_lengths
from spikecae.bitstream.payload import Events, wire_bits
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS

__all__ = ["BATCH", "EPOCHS", "link_rate", "measured", "without_dropout"]

EPOCHS = {4: 300, 8: 1000, 16: 4000}
"""By spikes per block, for the Wave_Clus recordings; experiments with the same settings share their trainings."""
BATCH = 16
"""Blocks a step. A recording has 324 blocks of 4 spikes or 81 of 16 to train: few steps an epoch at the usual 48."""


def without_dropout(design: Design, spikes: int, seed: int, batch: int) -> Design:
    """``design`` with so many spikes per block and blocks per step, under our recipe, without dropout."""
    design = with_settings(design, "best", seed, spikes=spikes)
    training = design.training.model_copy(update={"batch": batch, "dropout": 0.0})
    return design.model_copy(update={"training": training})


def measured(design: Design, trained: Trained, learned: SpikeDataset, tested: SpikeDataset | None = None) -> Outcome:
    """Quality and rate of ``trained``, which has ``learned``, on the test split of ``tested`` or of the same."""
    tested = tested or learned
    figures = evaluate(trained.checkpoint.model, trained.checkpoint.normalization, tested.test, design)
    return Outcome(
        metrics={
            "sndr_mean_db": figures.sndr.mean_db,
            "sndr_global_db": figures.sndr.global_db,
            "entropy_bits": figures.entropy_bits,
            "codewords_used": figures.codewords_used,
            "cr_entropy": figures.cr_entropy,
            **link_rate(design, trained, learned, tested),
            "bits_per_spike": figures.bits_per_spike,
        },
        provenance=tested.provenance,
        data=data_of(learned, tested),
        epochs=trained.report.epochs,
        seeded=True,
        wall_s=trained.report.train_wall_s,
    )


def link_rate(design: Design, trained: Trained, learned: SpikeDataset, tested: SpikeDataset) -> dict[str, float]:
    """What a link carries for the test split: codes by the Huffman table of the training indices, framing, and events.

    ``cr_huffman`` counts the codes alone, ``cr_wire`` whole packets of the design's size without events. Bits per spike
    beyond the entropy that the paper counts: of the real codes, of framing and padding, and, where the recording has
    times, of channels and times.
    """
    model, normalization = trained.checkpoint.model, trained.checkpoint.normalization
    _, seen = run_model(model, normalization, learned.train.adc)
    _, sent = run_model(model, normalization, tested.test.adc)
    payload = code_lengths(index_counts(seen, design.codebook.codewords))[sent].astype(int).sum(axis=1)

    def wire(events: Events | None = None) -> int:
        per_packet = design.hardware.packet_blocks
        return wire_bits(payload, blocks_per_packet=per_packet, spikes=design.block.spikes, events=events)

    spikes = sent.shape[0] * design.block.spikes
    uncoded = spikes * design.block.samples * SAMPLE_BITS
    codes, framed = int(payload.sum()), wire()
    rates = {
        "cr_huffman": uncoded / codes,
        "cr_wire": uncoded / framed,
        "huffman_bits_per_spike": codes / spikes,
        "framing_bits_per_spike": (framed - codes) / spikes,
    }
    events = split_events(design, tested.test)
    if events is not None:
        rates["event_bits_per_spike"] = (wire(events) - framed) / spikes
    return rates
