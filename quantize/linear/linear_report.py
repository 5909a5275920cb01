"""What the quantize stage reports of a linear encoder: ``metrics.json`` beside its spec. Read without PyTorch."""

from typing import Literal

from quantize.report import GoldenCheck, Model, SpecReport

__all__ = ["FurtherPoint", "LevelQuality", "LinearReport"]


class LevelQuality(Model):
    """Quality and rate on the test split, in the Huffman code of the training split, escapes included.

    ``sndr_worst_db``: 5 % of the spikes come back worse. ``bits_per_spike_p99``: of a hundred blocks, one takes more,
    each spike's share. ``cr_wire``: packets of ``blocks_per_packet`` blocks with framing, padding and checksums;
    ``cr_wire_events``: with channels and times as well, None where the data have no times. ``escaped``: share of the
    groups of levels that lie outside of their table.
    """

    sndr_mean_db: float
    sndr_global_db: float
    sndr_worst_db: float
    bits_per_spike: float
    bits_per_spike_p99: float
    cr_huffman: float
    cr_wire: float
    cr_wire_events: float | None
    classes_used: int
    escaped: float


class FurtherPoint(Model):
    """An operating point after the first: fewer bits a spike by the same map, in a spec of its own."""

    spec_hash: str
    bits_per_spike_wanted: float
    """Of validation spikes."""
    symbols: int
    float_model: LevelQuality
    fixed_point: LevelQuality
    golden_check: GoldenCheck


class LinearReport(SpecReport):
    """Of a linear encoder; what is not in ``further_points`` is of the first operating point."""

    kind: Literal["linear"] = "linear"
    latents: int
    latent_bits: int
    """Width on the chip, as spikes twice as large as those of the training need it."""
    groups: int
    code_tables: int
    symbols: int
    """Entries of all tables together."""
    float_model: LevelQuality
    fixed_point: LevelQuality
    """The same in integers, with the decoder fitted to them."""
    sndr_loss_db: float
    level_agreement: float
    """Share of test levels that both find."""
    golden_check: GoldenCheck
    further_points: tuple[FurtherPoint, ...] = ()
    """In the design's order."""

    def __str__(self) -> str:
        coded = self.fixed_point
        further = "".join(
            f"; at a further point SNDR {point.fixed_point.sndr_mean_db:.2f} dB, worst 5 % "
            f"{point.fixed_point.sndr_worst_db:.2f} dB, at CR {point.fixed_point.cr_huffman:.1f} Huffman"
            for point in self.further_points
        )
        return (
            f"{self.weight_bits}-bit weights, {self.latent_bits}-bit latents: SNDR {coded.sndr_mean_db:.2f} dB (float "
            f"{self.float_model.sndr_mean_db:.2f} dB), worst 5 % {coded.sndr_worst_db:.2f} dB, at CR "
            f"{coded.cr_huffman:.1f} Huffman, {coded.cr_wire:.1f} on the wire; golden model equals the float "
            f"model, rounded, on {self.golden_check.blocks} blocks{further}"
        )
