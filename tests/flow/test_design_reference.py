"""``docs/design_file.md``: that it is what the sections say, and that its example is a design."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter

from flow.design_reference import example, in_words, reference
from spikecae.design import (
    ENCODERS,
    Adc,
    Costs,
    Design,
    Fault,
    ResNeXt,
    Section,
    Unit,
    load_design,
    register_encoder,
    rule,
    rules_of,
    section_in,
)
from tests.flow.conftest import ROOT

PAGE = ROOT / "docs" / "design_file.md"
SECTIONS: list[type[Section]] = [
    Design,
    *(section for field in Design.model_fields.values() if (section := section_in(field)) is not None),
    *ENCODERS.values(),
]


class WiderAdc(Adc):
    """A converter with one more key."""

    channels: Annotated[int, Field(ge=1, le=64), Unit("inputs"), Costs("A multiplexer.")] = 1
    """Inputs that it | takes in turn."""

    @rule
    def no_more_than_bits(self) -> Iterator[Fault]:
        """``adc.channels`` is ``adc.bits`` at most."""
        yield from ()


class WiderDesign(Design):
    """A design with one more key and one more section."""

    adc: WiderAdc
    place: Adc | None = None


def test_the_page_is_what_the_sections_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "write it anew with: make docs/design_file.md"


def test_a_key_that_is_added_shows() -> None:
    added = set(reference(WiderDesign).splitlines()) - set(reference().splitlines())
    assert (
        "| `channels` | whole number, 1 to 64 (inputs) | `1` | Inputs that it \\| takes in turn. | A multiplexer. |"
        in added
    )
    assert "- `adc.channels` is `adc.bits` at most." in added
    assert "## `[place]`" in added


def test_a_kind_of_encoder_that_is_added_shows() -> None:
    @register_encoder
    class Wide(ResNeXt):
        """Like the other one."""

        kind: Literal["wide"] = "wide"
        """A wide network."""
        width: float
        """How wide it is."""

    try:
        added = set(reference().splitlines()) - set(PAGE.read_text(encoding="utf-8").splitlines())
    finally:
        del ENCODERS["wide"]
    assert {'### `kind = "wide"`', "| `width` | number |  | How wide it is. |  |"} < added


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_everything_is_described(section: type[Section]) -> None:
    assert section.__doc__
    for name, field in section.model_fields.items():
        if section_in(field) is None:
            assert field.description, f"{section.__name__}.{name} has no docstring"
    for judge in rules_of(section):
        assert judge.__doc__, f"{section.__name__}.{judge.__name__} has no docstring"


def test_the_example_is_a_design_with_every_key(tmp_path: Path) -> None:
    (text,) = re.findall("```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert text == example()
    path = tmp_path / "example.toml"
    path.write_text(text, encoding="utf-8")
    design = load_design(path)
    for section in (design, *(value for _, value in design if isinstance(value, Section))):
        assert section.model_fields_set == set(type(section).model_fields), type(section).__name__
    shipped = load_design(ROOT / "designs" / "neuropixels.toml")
    assert design.model_copy(update={"name": shipped.name, "front_end": None}) == shipped


def test_every_key_of_the_example_has_a_comment() -> None:
    lines = [line for line in example().splitlines() if line]
    for before, line in zip(["", *lines], lines, strict=False):
        assert line.startswith("#") or before.startswith("#"), line


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Annotated[int, Field(ge=6, le=16)], "whole number, 6 to 16"),
        (Annotated[float, Field(gt=0)], "number above 0"),
        (Annotated[float, Field(gt=0, le=1000)], "number above 0, 1000 at most"),
        (Annotated[float, Field(ge=0, lt=1)], "number, 0 or more, below 1"),
        (int, "whole number"),
        (bool, "`true` or `false`"),
        (str, "text"),
        (Annotated[str, Field(pattern="^[a-z]+$")], "text that matches `^[a-z]+$`"),
        (Annotated[str, Field(examples=["x", "y"])], '`"x"`, `"y"` or another name'),
        (Literal["a"], '`"a"`'),
        (Literal[1, 2, 4], "`1`, `2` or `4`"),
        (Annotated[list[Literal[1, 2]], Field(min_length=1, max_length=4)], "list of 1 to 4, each `1` or `2`"),
        (Annotated[list[int], Field(min_length=2, max_length=2)], "list of 2, each a whole number"),
        (Annotated[list[str], Field(min_length=3)], "list of 3 or more, each a text"),
    ],
)
def test_types_in_words(kind: object, words: str) -> None:
    assert in_words(TypeAdapter(kind).json_schema()) == words


def test_links_lead_somewhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (PAGE.parent / target).is_file(), target
    for place in ("README.md", "docs/guide.md"):
        assert "design_file.md" in (ROOT / place).read_text(encoding="utf-8"), place
