"""A chip's design file: the one input of every stage, read from ``designs/<name>.toml``.

Every fault of a file (unknown key, value out of range, contradiction between keys) is reported at
once, each with the file, the key, the value and the remedy.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["Design", "DesignError", "MemoryBackEnd", "load_design"]

SCHEMA_VERSION = 1


class DesignError(ValueError):
    """A design file that cannot be used. ``faults`` holds one line per fault."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self.path = path
        self.faults = faults
        noun = "fault" if len(faults) == 1 else "faults"
        super().__init__("\n".join([f"{path}: {len(faults)} {noun} in this design", *faults]))


class Section(BaseModel):
    """A table of the TOML file: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Adc(Section):
    """The analog-to-digital converter that the encoder is fed by."""

    bits: Annotated[int, Field(ge=6, le=16)]
    lsb: Annotated[float, Field(gt=0, description="recording units per ADC step")]
    signed: bool = True

    @property
    def zero(self) -> int:
        """Code of no signal: that of an unsigned converter lies at mid-scale."""
        return 0 if self.signed else 1 << (self.bits - 1)

    @property
    def minimum(self) -> int:
        """Smallest code."""
        return self.zero - (1 << (self.bits - 1))

    @property
    def maximum(self) -> int:
        """Largest code."""
        return self.zero + (1 << (self.bits - 1)) - 1


class Block(Section):
    """What the encoder codes at a time: ``spikes`` (M) snippets of ``samples`` (D) samples."""

    spikes: Annotated[int, Field(ge=1, le=16)]
    samples: Annotated[int, Field(ge=16, le=128)]
    kind: Literal["neighbourhood", "queue"]


class Encoder(Section):
    """Layer sizes of the encoder; one pool (and one residual block before it) per entry of ``pools``."""

    channels: Annotated[int, Field(ge=1, le=1024)]
    bottleneck: Annotated[int, Field(ge=1, le=1024)]
    groups: Annotated[int, Field(ge=1, le=1024)]
    kernel: Literal[1, 3, 5] = 3
    pools: Annotated[list[Literal[1, 2, 4]], Field(min_length=1, max_length=4)] = [2, 2]
    features: Annotated[int, Field(ge=1, le=128, description="N, rows of the latent")]
    share_blocks: bool = False


class Codebook(Section):
    """The vector quantizer: one codebook shared by all features."""

    codewords: Annotated[int, Field(ge=2, le=2048, description="K")]
    rate_weight: Annotated[float, Field(ge=0)] = 0.0
    """λ: squared latent steps a coded bit is worth in the search; 0 is the plain nearest codeword."""


class Quantization(Section):
    """How float weights become integers, and indices bits."""

    weight_bits: Literal[4, 6, 8] = 8
    """Width of the convolutions' weights; the chip is as narrow if ``hardware.weight_bits`` says so."""
    activation_bits: Literal[4, 5, 6, 8] = 8
    """Width of what the convolutions before the last hand on; the chip is as narrow."""
    latent_bits: Literal[4, 5, 6, 8] = 8
    """Width of the latents, and of the codewords they are compared with; the chip is as narrow."""
    fine_tune_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs of quantization-aware training after calibration."""
    code_tables: Literal["one", "by_position"] = "one"
    """``by_position``: a Huffman table for every position of the latent where that saves bits on validation spikes."""

    @property
    def widths(self) -> str:
        """In words: ``8-bit``, or of weights, activations and latents where they are narrower, as ``4/6/5-bit``."""
        bits = (self.weight_bits, self.activation_bits, self.latent_bits)
        return "8-bit" if set(bits) == {8} else "/".join(map(str, bits)) + "-bit"

    def output_bits(self, stage: str) -> int:
        """Width of the values that leave a stage, by its name: normalized samples have 8 bits."""
        return {"normalize": 8, "project": self.latent_bits}.get(stage, self.activation_bits)


class Normalization(Section):
    """How samples are z-scored: with one mean and deviation, or with one pair per time sample."""

    kind: Literal["global", "per_sample"]


MemoryBackEnd = Literal["inferred", "ihp-sg13g2", "registers"]
"""What memories are in Verilog for a layout: arrays, macros of IHP's process kit, or flip-flops."""


class Hardware(Section):
    """Knobs of the generated encoder."""

    fold: Literal[1, 2, 4, 8, 16] = 4
    """Cycles per sample: multipliers shrink by it, a block's cycles grow by it."""
    clock_mhz: Annotated[float, Field(gt=0, le=1000)] = 20.0
    parameters: Literal["ram", "rom"] = "ram"
    """Whether weights, tables and codebooks are loaded, or built in."""
    weight_bits: Literal[4, 6, 8] = 8
    """Width of a convolution's weight in memory, registers and multipliers, at least ``quantization.weight_bits``."""
    memories: MemoryBackEnd = "inferred"
    """Anything but ``inferred`` adds Verilog for a layout with such memories."""
    bias_bits: Annotated[int, Field(ge=8, le=24, description="signed width of a loadable bias")] = 18
    identity_shift: Annotated[int, Field(ge=0, le=15, description="largest loadable shift of an identity")] = 12
    packet_blocks: Annotated[int, Field(ge=1, le=64, description="most blocks a packet may hold")] = 8
    """The packet buffer is sized for so many blocks of the longest codes, with a sidecar entry per spike."""
    stationary: Literal["none", "blocks", "convolutions", "all"] = "none"
    """Where every weight has a multiplier of its own, so that one operand of each product stands still: nowhere, in the
    residual blocks, in the last convolution too, or also, with a lane for each sub-vector, in the search. Only at fold
    1, where those of the first convolution stand still anyway. More area; least energy with ``convolutions``."""
    operand_isolation: bool = True
    """Whether words that are not for a unit, and sums that are not finished, are kept from its logic by gates."""
    early_exit: bool = False
    """Whether the codeword search stops multiplying for a candidate once it cannot win; same indices, same cycles."""


class Recording(Section):
    """How spikes are found in a continuous recording."""

    sampling_rate_hz: Annotated[float, Field(gt=0)]
    unit: str = "uV"
    band_hz: Annotated[list[float], Field(min_length=2, max_length=2)] = [300.0, 6000.0]
    threshold: Annotated[float, Field(gt=0)] = 5.0
    """In noise deviations, each estimated as median(|x|)/0.6745."""
    peak: Annotated[int, Field(ge=0, description="index of the peak in the snippet")]
    polarity: Literal["negative", "positive", "both"] = "negative"
    refractory_ms: Annotated[float, Field(ge=0)] = 1.0
    radius_um: Annotated[float, Field(ge=0)] = 75.0
    """Within this distance and the refractory time, all but the largest peak belong to the same event."""


class Detector(Section):
    """The optional spike detector on the chip, in front of the encoder."""

    contacts_um: Annotated[
        list[Annotated[list[float], Field(min_length=2, max_length=2)]], Field(min_length=1, max_length=1024)
    ]
    """Position (x, y) of each channel's contact, in the order in which the channels are multiplexed."""
    noise_shift: Annotated[int, Field(ge=6, le=16)] = 12
    """The noise estimate follows with a time constant of about 1.2 · 2**noise_shift samples of a channel."""
    queue: Annotated[int, Field(ge=3, le=1024, description="events that can wait for the encoder")] = 8


class Synthetic(Section):
    """The embedded ground-truth recording, made by SpikeInterface from a seed."""

    seed: int = 0
    duration_s: Annotated[float, Field(gt=0)] = 60.0
    units: Annotated[int, Field(ge=1)] = 40
    channels: Annotated[int, Field(ge=1)] = 32
    noise: Annotated[float, Field(gt=0, description="standard deviation, recording units")] = 8.0
    amplitude: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=2)] = [100.0, 500.0]
    """Range of the units' amplitudes at their own place, recording units; farther away they are smaller."""
    firing_rate_hz: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=2)] = [2.0, 6.0]
    """Range of the units' firing rates."""


class Training(Section):
    """Training recipe: ``paper`` as published, ``best`` as measured to work better here."""

    recipe: Literal["paper", "best"] = "best"
    epochs: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1, description="blocks per step")] = 48
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    commitment: Annotated[float, Field(ge=0)] = 0.15
    seed: int = 0


class Design(Section):
    """One chip: everything the stages need to know, as read by :func:`load_design`."""

    schema_version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    adc: Adc
    block: Block
    encoder: Encoder
    codebook: Codebook
    normalization: Normalization
    quantization: Quantization = Quantization()
    hardware: Hardware = Hardware()
    recording: Recording
    front_end: Detector | None = None
    synthetic: Synthetic = Synthetic()
    training: Training

    @property
    def pooling(self) -> int:
        """Product of all pool sizes: samples of input per sample of latent."""
        product = 1
        for size in self.encoder.pools:
            product *= size
        return product

    @property
    def latent_samples(self) -> int:
        """Samples per feature, D / pooling: the length of a codeword."""
        return self.block.samples // self.pooling


def load_design(path: Path) -> Design:
    """Read and check a design file.

    Raises:
        FileNotFoundError: there is no such file.
        DesignError: it is not TOML, or has faults; all of them are listed.
    """
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.toml"))) or "none"
        raise FileNotFoundError(f"no design file {path} (designs in that folder: {known})")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DesignError(path, [f"  not valid TOML: {error}"]) from None
    faults = _contradictions(raw, path)
    try:
        design = Design.model_validate(raw)
    except ValidationError as error:
        raise DesignError(path, [_describe(fault) for fault in error.errors()] + faults) from None
    if faults:
        raise DesignError(path, faults)
    return design


def _describe(fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    match fault["type"]:
        case "extra_forbidden":
            return f"  {key} = {fault['input']!r}: unknown key; remove it or correct its name"
        case "missing":
            return f"  {key}: missing; add it"
        case _:
            return f"  {key} = {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _contradictions(raw: dict[str, Any], path: Path) -> list[str]:
    """Faults between keys, each judged only where the keys it needs are positive integers."""

    def integer(section: str, key: str) -> int | None:
        table = raw.get(section)
        value = table.get(key) if isinstance(table, dict) else None
        return value if type(value) is int and value > 0 else None

    def weight_bits(section: str) -> int | None:
        table = raw.get(section, {})
        value = table.get("weight_bits", 8) if isinstance(table, dict) else None
        return value if value in (4, 6, 8) else None

    faults = []

    def fault(key: str, value: Any, text: str) -> None:
        faults.append(f"  {key} = {value!r}: {text}")

    groups = integer("encoder", "groups")
    per_group: dict[str, int] = {}
    for key in ("channels", "bottleneck"):
        width = integer("encoder", key)
        if groups is None or width is None:
            continue
        if width % groups:
            fault("encoder.groups", groups, f"does not divide encoder.{key} = {width}; choose a divisor of it")
        else:
            per_group[key] = width // groups
    for key, width in per_group.items():
        if width > 16:
            fault(f"encoder.{key}", width * (groups or 1), f"{width} channels per group, 16 at most; raise groups")
    samples = integer("block", "samples")
    encoder = raw.get("encoder")
    pools = encoder.get("pools", [2, 2]) if isinstance(encoder, dict) else None
    if isinstance(pools, list) and pools and all(type(size) is int and size > 0 for size in pools):
        pooling = 1
        for size in pools:
            pooling *= size
        if samples is not None and samples % pooling:
            remedy = f"the pools divide time by {pooling}; choose a multiple of it or other encoder.pools"
            fault("block.samples", samples, remedy)
    if isinstance(encoder, dict) and encoder.get("share_blocks") is True and isinstance(pools, list) and len(pools) < 2:
        fault("encoder.share_blocks", True, "there is one residual block only; set it to false")
    adc = raw.get("adc")
    if integer("adc", "bits") == 16 and isinstance(adc, dict) and adc.get("signed") is False:
        fault("adc.signed", False, "the encoder's input is signed 16 bit; set it to true, or adc.bits to 15 or less")
    width, limit = weight_bits("quantization"), weight_bits("hardware")
    if width is not None and limit is not None and limit < width:
        remedy = (
            f"narrower than quantization.weight_bits = {width}; raise it, or set quantization.weight_bits to {limit}"
        )
        fault("hardware.weight_bits", limit, remedy)
    hardware = raw.get("hardware", {})
    fold = hardware.get("fold", 4) if isinstance(hardware, dict) else None
    if (
        isinstance(hardware, dict)
        and hardware.get("stationary") in ("blocks", "convolutions", "all")
        and fold in (2, 4, 8, 16)
    ):
        remedy = f"only at fold 1, not {fold}; set hardware.fold to 1, or this to 'none'"
        fault("hardware.stationary", hardware["stationary"], remedy)
    recording = raw.get("recording")
    peak = recording.get("peak") if isinstance(recording, dict) else None
    if samples is not None and type(peak) is int and peak >= samples:
        fault("recording.peak", peak, f"lies outside the snippet of block.samples = {samples}; choose a smaller index")
    band = recording.get("band_hz") if isinstance(recording, dict) else None
    rate = recording.get("sampling_rate_hz") if isinstance(recording, dict) else None
    if isinstance(band, list) and len(band) == 2 and all(isinstance(edge, int | float) for edge in band):
        if not 0 < band[0] < band[1]:
            fault("recording.band_hz", band, "must be two rising positive frequencies")
        elif isinstance(rate, int | float) and band[1] >= rate / 2:
            fault("recording.band_hz", band, f"must end below half of recording.sampling_rate_hz = {rate}")
    front_end, block = raw.get("front_end"), raw.get("block")
    contacts = front_end.get("contacts_um") if isinstance(front_end, dict) else None
    spikes = integer("block", "spikes")
    if isinstance(contacts, list) and contacts and isinstance(block, dict) and spikes is not None:
        count = len(contacts)
        if block.get("kind") == "neighbourhood" and count < spikes:
            remedy = f"a neighbourhood of block.spikes = {spikes} needs as many; add contacts"
            fault("front_end.contacts_um", f"{count} contacts", remedy)
        if block.get("kind") == "queue" and spikes > 1 and count > 1:
            remedy = (
                f"a block of {spikes} spikes in a queue is of one channel; give one contact, or set block.spikes to 1"
            )
            fault("front_end.contacts_um", f"{count} contacts", remedy)
    name = raw.get("name")
    if isinstance(name, str) and name != path.stem:
        fault("name", name, f"must equal the file's name; write {path.stem!r} or rename the file")
    return faults
