"""What may be chosen of a design, for each kind of encoder, and the design that a choice makes.

The recording, the converter, the block and how spikes are cut are those of the design that one starts from: spikes of
another length would be other spikes, and their quality could not be compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from spikecae.design import FOLDS, Design, Linear, ResNeXt

__all__ = ["FAMILIES", "Choice", "choices_of", "design_of", "made", "neighbours_of", "said", "values_of"]

Value = int | float | str
KIND = "encoder.kind"
WIDTH = "weight_bits"
"""Both of ``[quantization]`` and of ``[hardware]``: the chip is as narrow as the integers are."""
OWN = ("schema_version", "name", "adc", "block", "normalization", "recording", "front_end", "synthetic")
"""What stays as it is."""
POOLS = {"2 2": [2, 2], "2 4": [2, 4], "4 4": [4, 4], "2": [2]}
FAMILIES = (Linear.model_fields["kind"].default, ResNeXt.model_fields["kind"].default)


class Trial(Protocol):
    """What asks for values: a trial of Optuna."""

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any:
        """One of them."""


@dataclass(frozen=True)
class Choice:
    """A key of the design file, or ``weight_bits``, with the values that it may have."""

    key: str
    values: tuple[Value, ...]


def choices_of(kind: str, base: Design, *, stationary: bool = False) -> Iterator[Choice]:
    """What there is to choose, the values of ``base`` among them where it is of this kind."""
    if kind == FAMILIES[0]:
        yield from _linear(base)
    elif stationary:
        yield _choice(base, kind, "hardware.stationary", ("none", "blocks", "convolutions"))
    else:
        yield from _network(base)


def values_of(base: Design) -> dict[str, Value]:
    """What a trial that is ``base`` itself chooses."""
    kind = base.encoder.kind
    found: dict[str, Value] = {KIND: kind}
    choices = [*choices_of(kind, base)]
    if kind == FAMILIES[1] and base.hardware.fold == 1:
        choices += choices_of(kind, base, stationary=True)
    return found | {f"{kind}: {choice.key}": said(base, choice.key) for choice in choices}


def neighbours_of(base: Design) -> list[dict[str, Value]]:
    """What trials choose that differ from ``base`` by one step of one choice."""
    kind, start = base.encoder.kind, values_of(base)
    found = []
    for choice in choices_of(kind, base):
        place = choice.values.index(said(base, choice.key))
        steps = (choice.values[at] for at in (place - 1, place + 1) if 0 <= at < len(choice.values))
        found += [{**start, f"{kind}: {choice.key}": value} for value in steps]
    return found


def _linear(base: Design) -> Iterator[Choice]:
    kind, block = FAMILIES[0], base.block
    joint = block.kind == "neighbourhood"
    mapped = block.samples * (block.spikes if joint else 1)
    own = base.encoder
    start = own.features if isinstance(own, Linear) else mapped // (3 if joint else 4)
    features = {min(mapped // 2, max(2, round(start * part))) for part in (0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5)}
    bits = own.bits_per_spike if isinstance(own, Linear) else 30.0
    parts = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 1, 1.05, 1.1, 1.2)
    yield _choice(base, kind, "encoder.features", tuple(sorted(features)))
    yield _choice(base, kind, "encoder.bits_per_spike", tuple(round(bits * part, 2) for part in parts))
    if base.normalization.kind == "global":
        decimations = tuple(n for n in (1, 2, 4) if block.samples % n == 0 and mapped // n >= max(features))
        yield _choice(base, kind, "encoder.decimation", decimations)
    yield _choice(base, kind, "encoder.symbols", (32, 64, 128, 256))
    yield _choice(base, kind, "codebook.codewords", (2, 4, 8, 16, 32, 64))
    yield _choice(base, kind, "codebook.rate_weight", (0.0, 3.0, 10.0, 30.0))
    yield _choice(base, kind, WIDTH, (4, 6, 8))
    yield _choice(base, kind, "hardware.fold", FOLDS)


def _network(base: Design) -> Iterator[Choice]:
    kind, samples = FAMILIES[1], base.block.samples
    pools = tuple(name for name, sizes in POOLS.items() if samples % ResNeXt.model_construct(pools=sizes).pooling == 0)
    yield _choice(base, kind, "encoder.features", (4, 8, 16, 32))
    yield _choice(base, kind, "encoder.channels", (16, 32, 64, 128, 256))
    yield _choice(base, kind, "encoder.groups", (4, 8, 16, 32))
    yield _choice(base, kind, "encoder.pools", pools)
    yield _choice(base, kind, "codebook.codewords", (16, 32, 64, 128, 256, 512))
    yield _choice(base, kind, "codebook.rate_weight", (0.0, 3.0, 10.0, 30.0))
    yield _choice(base, kind, WIDTH, (4, 6, 8))
    yield _choice(base, kind, "quantization.activation_bits", (5, 6, 8))
    yield _choice(base, kind, "quantization.latent_bits", (4, 5, 6, 8))
    yield _choice(base, kind, "hardware.fold", FOLDS)


def _choice(base: Design, kind: str, key: str, values: tuple[Value, ...]) -> Choice:
    own = said(base, key) if base.encoder.kind == kind else None
    if own is None or own in values:
        return Choice(key, values)
    return Choice(key, (own, *values) if isinstance(own, str) else tuple(sorted((own, *values))))


def said(design: Design, key: str) -> Value:
    """A design's value of a key, as it is chosen."""
    if key == WIDTH:
        return design.quantization.weight_bits
    section, name = key.split(".")
    value: Any = getattr(getattr(design, section), name)
    return next((words for words, sizes in POOLS.items() if sizes == value), str(value)) if name == "pools" else value


def made(base: Design, values: Mapping[str, Value], epochs: int) -> Design:
    """The design of a choice.

    Args:
        base: what one starts from.
        values: by key, ``encoder.kind`` among them.
        epochs: of a network.

    Raises:
        ValueError: the values contradict each other.
    """
    kind = str(values[KIND])
    kept = base.model_dump(exclude_unset=True)
    content: dict[str, Any] = {key: kept[key] for key in OWN if key in kept}
    same = base.encoder.kind == kind
    for section in ("encoder", "codebook", "quantization", "hardware"):
        content[section] = dict(kept.get(section, {})) if same else {}
    content["hardware"] |= {"clock_mhz": base.hardware.clock_mhz, "parameters": base.hardware.parameters}
    content["encoder"] |= {"kind": kind}
    if kind == FAMILIES[0]:
        content["encoder"].setdefault("joint", base.block.kind == "neighbourhood")
        content["training"] = {"seed": base.training.seed}
    else:
        content["training"] = {**(kept.get("training", {}) if same else {}), "epochs": epochs}
    for key, value in values.items():
        if key == WIDTH:
            content["quantization"][WIDTH] = content["hardware"][WIDTH] = value
            continue
        section, name = key.split(".")
        content[section][name] = POOLS[str(value)] if name == "pools" and value in POOLS else value
    if kind == FAMILIES[1]:
        content["encoder"]["bottleneck"] = max(content["encoder"]["channels"] // 2, content["encoder"]["groups"])
    return Design.model_validate(content)


def design_of(trial: Trial, base: Design, families: list[str], epochs: int) -> Design:
    """Ask a trial for its values; the design that they make.

    Raises:
        ValueError: the values contradict each other.
    """
    kind = str(trial.suggest_categorical(KIND, [*families]))
    values: dict[str, Value] = {KIND: kind}

    def ask(choices: Iterator[Choice]) -> None:
        for choice in choices:
            values[choice.key] = trial.suggest_categorical(f"{kind}: {choice.key}", [*choice.values])

    ask(choices_of(kind, base))
    if kind == FAMILIES[1] and values["hardware.fold"] == 1:
        ask(choices_of(kind, base, stationary=True))
    return made(base, values, epochs)
