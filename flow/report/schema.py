"""``report.json``: the figures of one run that matter, with where each comes from.

Light on purpose: the table is printed from the file, without PyTorch.
"""

from typing import ClassVar, Literal

from flow.report.bits import BitShare
from flow.report.made_from import MadeFrom
from flow.report.ranges import Range
from model.data_quality import DataQuality
from rtl.manifest import Unit
from sim.results import SimulationResults
from spikecae.evaluation.result import OfGroup
from synth.estimate.estimate_report import Estimate
from synth.part import Part
from synth.place.place_report import PlaceReport
from synth.power.power_report import PowerReport
from synth.report import SynthesisReport

__all__ = [
    "Baseline",
    "Coder",
    "Data",
    "Encoder",
    "Fitting",
    "Groups",
    "Layer",
    "LevelCoder",
    "Report",
    "Training",
    "Weights",
]


class Data(Part):
    """The spikes that everything below was measured on: the test split, later in time than the training split."""

    source: str
    provenance: str
    unit: str
    sampling_rate_hz: float
    train_blocks: int
    validation_blocks: int
    test_blocks: int
    sha256: str
    """Of the converter's codes, of all splits."""
    spikes_per_block: int
    samples_per_spike: int
    clipped_samples: int
    total_samples: int
    quality: DataQuality


class Training(Part):
    """How a network's weights were made, and how they did on their own data's test split."""

    data: str
    provenance: str
    recipe: str
    epochs: int
    best_epoch: int
    wall_s: float
    threads: int
    sndr_mean_db: float
    cr_entropy: float

    @property
    def length(self) -> str:
        """In words."""
        return f"{self.epochs} epoch{'s' if self.epochs != 1 else ''}"

    @property
    def how(self) -> str:
        """In more words."""
        return f"{self.length} (recipe “{self.recipe}”, epoch {self.best_epoch} picked on the validation split)"

    @property
    def rate(self) -> tuple[str, float]:
        """Name and value of the compression ratio that goes with the quality."""
        return "cr_entropy", self.cr_entropy


class Fitting(Part):
    """How a linear encoder was made, and how it did on its own data's test split."""

    data: str
    provenance: str
    wall_s: float
    threads: int
    sndr_mean_db: float
    cr_huffman: float

    @property
    def length(self) -> str:
        """In words."""
        return f"{self.wall_s:.0f} s"

    @property
    def how(self) -> str:
        """In more words."""
        return "fitted, widths and rounding of levels picked on the validation split,"

    @property
    def rate(self) -> tuple[str, float]:
        """Name and value of the compression ratio that goes with the quality."""
        return "cr_huffman", self.cr_huffman


class Weights(Part):
    """The float weights in use."""

    origin: Literal["trained", "shipped"]
    training: Training | Fitting


class Coder(Part):
    """Quality and rate on the test split. SNDR is in recording units, as mean over spikes and of all together."""

    searched: ClassVar[str] = "codeword"
    twin: ClassVar[tuple[str, str]] = ("PyTorch", "fake-quantized PyTorch")
    """What the golden model equals, in one word and in more."""

    sndr_mean_db: float
    sndr_global_db: float
    entropy_bits_per_index: float
    huffman_bits_per_index: float
    bits_per_spike: float
    """Cross-entropy of the test indices under the training split's code: what an ideal entropy coder spends."""
    cr_entropy: float
    cr_huffman: float
    cr_wire: float
    cr_wire_events: float | None
    """With each block's channels and times beside it; None where the data have no times."""
    codewords_used: int

    def line(self, codewords: int) -> str:
        """In a line, for an encoder with so many codewords."""
        return (
            f"SNDR {self.sndr_mean_db:.2f} dB; CR {self.cr_entropy:.1f} entropy, {self.cr_huffman:.1f} Huffman, "
            f"{self.cr_wire:.1f} wire; {self.codewords_used} of {codewords} codewords used"
        )

    def columns(self, codewords: int) -> dict[str, str]:
        """In columns, by their headings."""
        return {
            "SNDR, mean": f"{self.sndr_mean_db:.2f} dB",
            "SNDR, global": f"{self.sndr_global_db:.2f} dB",
            "bits/index": f"{self.entropy_bits_per_index:.2f}",
            "cr_entropy": f"{self.cr_entropy:.1f}",
            "cr_huffman": f"{self.cr_huffman:.1f}",
            "cr_wire": f"{self.cr_wire:.1f}",
            "with events": f"{self.cr_wire_events:.1f}" if self.cr_wire_events else "–",
            "codewords used": f"{self.codewords_used} of {codewords}",
        }

    @property
    def rate(self) -> tuple[str, float]:
        """The compression ratio to show first, and how it is called."""
        return "compression by entropy", self.cr_entropy


class LevelCoder(Part):
    """The same of a linear encoder. Rates are those of its Huffman code, with what is sent outside of it."""

    searched: ClassVar[str] = "class"
    twin: ClassVar[tuple[str, str]] = ("float", "the float model, rounded")

    sndr_mean_db: float
    sndr_global_db: float
    sndr_worst_db: float
    """5 % of the spikes come back worse."""
    bits_per_spike: float
    bits_per_spike_p99: float
    """Of a hundred blocks, one takes more; of a block each spike has its share."""
    cr_huffman: float
    cr_wire: float
    cr_wire_events: float | None
    """With each block's channels and times beside it; None where the data have no times."""
    classes_used: int
    escaped: float
    """Share of the groups of levels that lie outside of their table."""

    def line(self, codewords: int) -> str:
        """In a line, for an encoder with so many classes, 1 for none."""
        classes = f"; {self.classes_used} of {codewords} classes used" if codewords > 1 else ""
        return (
            f"SNDR {self.sndr_mean_db:.2f} dB, global {self.sndr_global_db:.2f}, worst 5 % {self.sndr_worst_db:.2f}; "
            f"CR {self.cr_huffman:.1f} Huffman, {self.cr_wire:.1f} wire; {100 * self.escaped:.1f} % escapes{classes}"
        )

    def columns(self, codewords: int) -> dict[str, str]:
        """In columns, by their headings."""
        return {
            "SNDR, mean": f"{self.sndr_mean_db:.2f} dB",
            "SNDR, global": f"{self.sndr_global_db:.2f} dB",
            "worst 5 %": f"{self.sndr_worst_db:.2f} dB",
            "bits/spike": f"{self.bits_per_spike:.2f}",
            "99 % below": f"{self.bits_per_spike_p99:.0f}",
            "cr_huffman": f"{self.cr_huffman:.1f}",
            "cr_wire": f"{self.cr_wire:.1f}",
            "with events": f"{self.cr_wire_events:.1f}" if self.cr_wire_events else "–",
            "escapes": f"{100 * self.escaped:.1f} %",
            "classes used": f"{self.classes_used} of {codewords}" if codewords > 1 else "–",
        }

    @property
    def rate(self) -> tuple[str, float]:
        """The compression ratio to show first, and how it is called."""
        return "compression by Huffman codes", self.cr_huffman


class Layer(Part):
    """Signal to rounding noise at one place of the network, float against integers, on the test split."""

    name: str
    sqnr_db: float
    """Of this place's rounding alone."""
    accumulated_sqnr_db: float
    """With all that came before."""
    saturation_rate: float


class Baseline(Part):
    """PCA, a uniform scalar quantizer and order-0 entropy coding, at the bits per spike of the encoder in integers.

    ``gap_db`` is the encoder's mean SNDR less PCA's: negative where PCA is better. Where PCA reaches no such rate, or
    cannot be fitted, ``not_available`` says why, and there are no figures.
    """

    bits_per_spike: float
    sndr_mean_db: float | None
    gap_db: float | None
    not_available: str | None
    curve_bits_per_spike: list[float]
    curve_sndr_mean_db: list[float]

    def __str__(self) -> str:
        if self.sndr_mean_db is None or self.gap_db is None:
            return f"not available: {self.not_available}"
        return (
            f"{self.sndr_mean_db:.2f} dB at {self.bits_per_spike:.1f} bits per spike: the encoder is "
            f"{abs(self.gap_db):.2f} dB {'better' if self.gap_db >= 0 else 'worse'}"
        )


class Encoder(Part):
    """The emitted hardware, as its manifest says."""

    spec_hash: str
    spikes_per_block: int
    fold: int
    multipliers: int
    search_multipliers: int
    utilisation: float
    macs_per_spike: float
    """Multiply-accumulates of the convolutions and the codeword search."""
    parameters: Literal["ram", "rom"]
    parameter_bits: int
    working_memory_bits: int
    clock_mhz: float
    units: list[Unit]


class Groups(Part):
    """Test spikes in groups, those that are shown: the worst first."""

    by: Literal["channel", "shape"]
    groups: list[OfGroup]


class Report(Part):
    """``report.json``."""

    schema_version: Literal[4] = 4
    design: str
    data: Data
    weights: Weights
    float_model: Coder | LevelCoder
    fixed_point: Coder | LevelCoder
    further_points: tuple[LevelCoder, ...] = ()
    """The same at the chip's further operating points."""
    widths: str
    """Of ``fixed_point``, as :attr:`spikecae.design.Quantization.widths` has them; of a linear encoder, of weights and
    latents, as ``8/10-bit``."""
    codewords: int
    """Of a linear encoder, classes; 1 where it has none."""
    layers: list[Layer]
    """None of a linear encoder: there is one place only."""
    golden_check_blocks: int
    golden_check_values: int
    baseline: Baseline
    groups: Groups
    bits: list[BitShare]
    ranges: list[Range]
    encoder: Encoder
    simulation: SimulationResults
    synthesis: SynthesisReport
    placement: PlaceReport | None = None
    """None where this netlist was not placed."""
    power: PowerReport | None = None
    """None where the power stage has not run on this netlist."""
    made_from: list[MadeFrom]

    @property
    def spikes_per_s(self) -> float:
        """Sustained throughput at the design's clock."""
        encoder = self.encoder
        return encoder.clock_mhz * 1e6 / self.simulation.cycles_per_block.mean * encoder.spikes_per_block

    @property
    def multipliers(self) -> str:
        """In words."""
        encoder = self.encoder
        search = f", and {encoder.search_multipliers} in the {self.fixed_point.searched} search"
        return (
            f"{encoder.multipliers} multipliers, {100 * encoder.utilisation:.0f} % busy"
            f"{search if encoder.search_multipliers else ''}"
        )

    @property
    def estimates(self) -> list[Estimate]:
        """The analytic estimates that nothing better takes the place of: none of the process that was mapped to."""
        mapped = self.synthesis.target if self.synthesis.mapping is not None else None
        return [estimate for estimate in self.synthesis.estimates if estimate.node != mapped]
