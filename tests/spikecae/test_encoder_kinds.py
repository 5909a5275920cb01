"""Another kind of encoder: a class, known from outside, that the rest of a design takes as it takes the shipped one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from spikecae.design import (
    ENCODERS,
    Block,
    Design,
    DesignError,
    Encoder,
    Fault,
    ResNeXt,
    load_design,
    register_encoder,
    rule,
)
from spikecae.design.rules import without_faults

TINY = Path(__file__).parents[2] / "designs" / "tiny.toml"


class Averages(Encoder):
    """Means of ``length`` samples, each of ``features`` sums of channels."""

    kind: Literal["averages"] = "averages"
    length: Annotated[int, Field(ge=1)] = 4

    def latent_samples(self, block: Block) -> int:
        return block.samples // self.length

    @rule
    def length_divides_samples(self, block: Block) -> Iterator[Fault]:
        """``encoder.length`` divides ``block.samples``."""
        if block.samples % self.length:
            yield Fault("encoder.length", self.length, f"does not divide block.samples = {block.samples}; change it")


@pytest.fixture
def averages() -> Iterator[type[Encoder]]:
    yield register_encoder(Averages)
    del ENCODERS["averages"]


def design_file(folder: Path, encoder: str, *changes: tuple[str, str]) -> Path:
    """tiny.toml with another table ``[encoder]``."""
    text = TINY.read_text(encoding="utf-8")
    start, end = text.index("[encoder]"), text.index("[codebook]")
    text = f"{text[:start]}[encoder]\n{encoder}\n\n{text[end:]}"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(DesignError) as caught:
        load_design(path)
    return caught.value.faults


def test_a_table_without_a_kind_is_the_papers_network(tiny: Design, tmp_path: Path) -> None:
    assert isinstance(tiny.encoder, ResNeXt)
    assert tiny.encoder.kind == "resnext"
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.read_text(encoding="utf-8").replace("[encoder]", '[encoder]\nkind = "resnext"'))
    assert load_design(path) == tiny


def test_another_kind_answers_what_every_encoder_is_asked(averages: type[Encoder], tmp_path: Path) -> None:
    design = load_design(design_file(tmp_path, 'kind = "averages"\nfeatures = 3\nlength = 8'))
    assert type(design.encoder) is averages
    assert (design.encoder.features, design.latent_samples) == (3, 2)
    dumped = design.model_dump(mode="json")
    assert dumped["encoder"] == {"kind": "averages", "features": 3, "length": 8}
    assert Design.model_validate(dumped) == design


def test_its_own_class_validates_its_table(averages: type[Encoder], tmp_path: Path) -> None:
    encoder = 'kind = "averages"\nfeatures = 0\nlength = 5\npools = [2]'
    assert faults(design_file(tmp_path, encoder, ("peak = 6", "peak = 60"))) == [
        "  encoder.features = 0: input should be greater than or equal to 1",
        "  encoder.pools = [2]: unknown key; remove it or correct its name",
        "  encoder.length = 5: does not divide block.samples = 16; change it",
        "  recording.peak = 60: lies outside the snippet of block.samples = 16; choose a smaller index",
    ]


@pytest.mark.parametrize("kind", ['"lstm"', "3", '["averages"]'])
def test_an_unknown_kind_names_the_known_ones(averages: type[Encoder], tmp_path: Path, kind: str) -> None:
    """Its keys cannot be judged, the other sections can."""
    found = faults(
        design_file(tmp_path, f"kind = {kind}\nfeatures = 0", ("bits = 10", "bits = 1"), ("peak = 6", "peak = 60"))
    )
    assert len(found) == 3
    assert found[0].startswith("  adc.bits = 1: ")
    assert found[1].startswith("  encoder.kind = ")
    assert found[1].endswith(": no such kind of encoder; choose 'averages', 'linear' or 'resnext'")
    assert found[2].startswith("  recording.peak = 60: lies outside")


def test_a_table_of_an_unknown_kind_is_not_there_for_rules(tiny: Design) -> None:
    known = without_faults(Design, tiny.model_dump() | {"encoder": {"kind": "lstm"}}, [("encoder", "kind")])
    assert not hasattr(known, "encoder")
    assert hasattr(known, "block")


def test_code_for_one_kind_refuses_another(averages: type[Encoder], tiny: Design) -> None:
    assert ResNeXt.of(tiny.encoder) is tiny.encoder
    with pytest.raises(ValueError, match=r"encoder.kind = 'averages': not supported here; set it to 'resnext'"):
        ResNeXt.of(averages(kind="averages", features=1))


def test_a_kind_is_registered_once_and_by_name(averages: type[Encoder]) -> None:
    with pytest.raises(ValueError, match="'averages': that is Averages already; choose another"):
        register_encoder(Averages)

    class Nameless(Averages):
        kind: Any

    with pytest.raises(ValueError, match=r"Nameless\.kind has no default"):
        register_encoder(Nameless)


def test_a_kind_must_answer_what_encoders_are_asked() -> None:
    class Mute(Encoder):
        kind: Literal["mute"] = "mute"

    with pytest.raises(ValueError, match="Mute lacks latent_samples"):
        register_encoder(Mute)
