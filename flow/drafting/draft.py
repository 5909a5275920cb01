"""A design from what is known of the recording and asked of the chip, with the reason for each key."""

from dataclasses import dataclass
from math import floor, log10
from typing import Any

from pydantic import ValidationError

from flow.drafting.sampling import check_sampling
from flow.drafting.survey import Survey
from flow.price.untrained import untrained_specs
from quantize.linear.integers import WeightError
from rtl.planning import make_plan
from spikecae.design import FOLDS, Design
from spikecae.errors import sentence
from spikecae.limits import MOST_FEATURES
from spikecae.spec import EncoderSpec
from synth.estimate.limit import RATE_HZ

__all__ = ["Draft", "Wishes", "draft", "draft_for"]

SNIPPET_S, PEAK_S = 1.6e-3, 0.53e-3
"""Of a snippet, and from its beginning to the peak: as the shipped designs for probes have it."""
FEWEST_SAMPLES, MOST_SAMPLES, SAMPLES = 16, 128, 8
"""Of a snippet, and what their number is a multiple of."""
NEIGHBOURS = 4
ROOM = 1.3
"""The converter holds samples so many times as large as the largest usual ones."""
LEAST_STEPS = 2.0
"""Steps of the converter that noise deviates by at least."""
FRAMING = 0.9
"""Share of the link that is left for spikes, when packets hold 8 blocks."""
SPARE = 2.0
"""Spikes come in bursts: the encoder keeps up with so many times the mean rate."""
LEAST_BITS = 1.0
"""Of a spike."""
WEIGHT_BITS = (4, 6, 8)
"""From the least on, that are tried."""
USUAL_BITS = {True: 31.0, False: 27.0}
"""Of a spike, by whether its neighbours are mapped with it: as shipped designs take."""
Reasons = dict[str, str]


@dataclass(frozen=True)
class Wishes:
    """What is asked of the chip: ``rate_hz`` are spikes a second and channel, ``link_kbps`` what may leave it."""

    channels: int
    rate_hz: float = RATE_HZ
    sampling_rate_hz: float = 30000.0
    link_kbps: float | None = None


@dataclass(frozen=True)
class Draft:
    """A design, and the reasons for its keys."""

    design: Design
    reasons: Reasons


def draft_for(name: str, wishes: Wishes, found: Survey | None = None) -> Draft:
    """A draft whose encoder keeps up with the spikes that are asked for, as small as that allows.

    Raises:
        ValueError: what is asked for makes no design.
    """
    made, spec = _with_wide_weights(draft(name, wishes, found))
    design, wanted = made.design, SPARE * wishes.channels * wishes.rate_hz
    for fold in reversed(FOLDS):
        hardware = design.hardware.model_copy(update={"fold": fold})
        cycles = make_plan(spec, hardware, block=design.block.kind).cycles_per_block
        spikes = design.block.spikes * hardware.clock_mhz * 1e6 / cycles
        if spikes >= wanted:
            break
    reason = (
        f"The most cycles a sample, and so the least area, that keep up with {wanted:,.0f} spikes/s, {SPARE:g} times "
        f"{wishes.channels} · {wishes.rate_hz:g} Hz: {spikes:,.0f} are coded."
        if spikes >= wanted
        else f"One cycle a sample codes {spikes:,.0f} spikes/s, fewer than {wanted:,.0f}: take several encoders."
    )
    return Draft(design.model_copy(update={"hardware": hardware}), made.reasons | {"hardware.fold": reason})


def _with_wide_weights(made: Draft) -> tuple[Draft, EncoderSpec]:
    """The draft with the fewest bits of a weight that its map can be expressed in, and its spec."""
    narrow: list[int] = []
    for bits in WEIGHT_BITS:
        content = made.design.model_dump(mode="json", exclude_unset=True)
        for section in ("quantization", "hardware"):
            content[section]["weight_bits"] = bits
        design = Design.model_validate(content)
        try:
            (spec, *_) = untrained_specs(design)
        except WeightError:
            if bits == WEIGHT_BITS[-1]:
                raise
            narrow.append(bits)
            continue
        break
    if not narrow:
        return made, spec
    fewer = " and ".join(map(str, narrow))
    said = (
        f"The fewest that hold a map to {design.encoder.features} latents at these bits a spike: {fewer} are too few."
    )
    return Draft(design, made.reasons | {"quantization.weight_bits": said}), spec


def draft(name: str, wishes: Wishes, found: Survey | None = None) -> Draft:
    """The same at the usual fold.

    Raises:
        ValueError: what is asked for makes no design.
    """
    rate = wishes.sampling_rate_hz if found is None else found.sampling_rate_hz
    check_sampling(rate, "--sampling" if found is None else found.source)
    joint = wishes.channels >= NEIGHBOURS and (found is None or found.placed)
    samples = min(MOST_SAMPLES, max(FEWEST_SAMPLES, SAMPLES * round(SNIPPET_S * rate / SAMPLES)))
    adc, reasons = _converter(found)
    bits, reasons["encoder.bits_per_spike"] = _bits(wishes, joint=joint)
    features = min(MOST_FEATURES, (NEIGHBOURS * samples // 3 if joint else samples // 4) // 4 * 4)
    peak = round(PEAK_S * rate)
    content: dict[str, Any] = {
        "schema_version": 1,
        "name": name,
        "adc": adc,
        "block": {"spikes": 4, "samples": samples, "kind": "neighbourhood" if joint else "queue"},
        "encoder": {"kind": "linear", "joint": joint, "features": features, "bits_per_spike": bits},
        "codebook": {"codewords": 32 if joint else 16},
        "normalization": {"kind": "global"},
        "quantization": {"weight_bits": 4},
        "hardware": {"fold": 8, "weight_bits": 4, "clock_mhz": 20.0},
        "recording": {
            "sampling_rate_hz": rate,
            "unit": "uV" if found is None else found.unit,
            "band_hz": [300.0, round(min(6000.0, 0.3 * rate), 1)],
            "threshold": 5.0,
            "peak": min(peak, samples - 1),
            "polarity": "positive" if found is not None and not found.negative else "negative",
        },
    }
    if not joint:
        content["encoder"] |= {"decimation": 2}
        reasons["encoder.decimation"] = "Neighbouring samples are much alike within the band: half of the products."
    if found is not None:
        content["synthetic"] = {
            "channels": 16 if joint else 1,
            "noise": _three_digits(found.noise),
            "amplitude": [_three_digits(found.largest / 3), _three_digits(found.largest)],
        }
        reasons["synthetic.noise"] = f"As {found.source} has it; for trials without the recording."
    reasons |= {
        "block.kind": _kind(wishes, found, joint=joint),
        "block.spikes": f"M: {'the contacts nearest to a peak' if joint else 'each spike waits for the last of them'}.",
        "block.samples": f"D: {1000 * samples / rate:.1f} ms at {rate:g} Hz.",
        "encoder.kind": "A map, classes and levels, soon fitted; resnext is a network.",
        "encoder.features": _joint_features(features) if joint else "A quarter of the samples.",
        "codebook.codewords": "Typical spikes that are subtracted: better quality at the same bits; 1 for none.",
        "quantization.weight_bits": "Few bits cost little quality, and save area and energy.",
        "recording.peak": f"{PEAK_S * 1000:.2f} ms from the beginning.",
        "recording.sampling_rate_hz": f"Of {found.source}." if found else "As asked for.",
    }
    if found is not None:
        side = "negative" if found.negative else "positive"
        reasons["recording.polarity"] = f"Most of the peaks in its first {found.seconds:.0f} s are {side}."
    try:
        return Draft(Design.model_validate(content), reasons)
    except ValidationError as error:
        raise ValueError(f"what is asked for makes no design: {sentence(error)}; ask for something else") from None


def _joint_features(features: int) -> str:
    return "As many as there can be." if features == MOST_FEATURES else "A third of the samples of four neighbours."


def _converter(found: Survey | None) -> tuple[dict[str, Any], Reasons]:
    if found is None:
        text = "A step well below the noise of a probe, and room for the largest spikes; set it to your converter's."
        return {"bits": 10, "lsb": 2.34375, "signed": True}, {"adc.lsb": text}
    bits = 10
    while bits < 16 and found.noise * (2 ** (bits - 1) - 1) < LEAST_STEPS * ROOM * found.largest:
        bits += 1
    lsb = _three_digits(ROOM * found.largest / (2 ** (bits - 1) - 1))
    return {"bits": bits, "lsb": lsb, "signed": True}, {
        "adc.bits": f"Noise of {found.noise:.3g} {found.unit} deviates by {found.noise / lsb:.1f} steps.",
        "adc.lsb": f"{ROOM:g} times the largest usual sample of a spike, {found.largest:.3g} {found.unit}, fits.",
    }


def _bits(wishes: Wishes, *, joint: bool) -> tuple[float, str]:
    usual = USUAL_BITS[joint]
    if wishes.link_kbps is None:
        return usual, "As shipped designs take; fewer cost quality."
    room = FRAMING * wishes.link_kbps * 1000 / (wishes.channels * wishes.rate_hz)
    said = f"{wishes.link_kbps:g} kbit/s for {wishes.channels} channels · {wishes.rate_hz:g} Hz, less framing"
    if room < LEAST_BITS:
        raise ValueError(
            f"--link {wishes.link_kbps:g} kbit/s: leaves {room:.2g} bits for a spike of {wishes.channels} channels · "
            f"{wishes.rate_hz:g} Hz, and must leave {LEAST_BITS:g} at least; give more, or fewer channels or spikes"
        )
    if room >= usual:
        return usual, f"The link has room for {room:.0f} ({said}); more than this is seldom worth it."
    return floor(10 * room) / 10, f"What the link has room for: {said}."


def _kind(wishes: Wishes, found: Survey | None, *, joint: bool) -> str:
    if joint:
        return "A spike is seen by neighbouring contacts; what these have in common is sent once."
    if wishes.channels < NEIGHBOURS:
        return f"Fewer than {NEIGHBOURS} channels: successive spikes of one."
    source = found.source if found else "the recording"
    return f"{source} does not say where its contacts are, so that each channel is coded by itself."


def _three_digits(value: float) -> float:
    return round(value, 2 - floor(log10(value)))
