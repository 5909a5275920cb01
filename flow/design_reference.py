"""Write ``docs/design_file.md``, the reference of every key of a design file: ``make docs/design_file.md``.

Everything comes from the sections themselves: types, ranges and defaults, the docstrings of keys and rules, and the
:class:`spikecae.design.Unit` and :class:`spikecae.design.Costs` beside a key's type.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flow.drafting.design_file import comment
from flow.layout import SOURCES
from spikecae.design import ENCODERS, Costs, Design, Detector, Encoder, Section, Unit, load_design, rules_of, section_in
from synth.targets.find import with_cells

__all__ = ["example", "in_words", "reference"]

INTRODUCTION = """\
# The design file

A chip is one TOML file, `designs/<name>.toml`: the input of every stage. Here are all its tables and keys, and a
[complete file](#a-complete-file). A key without a default must be there. Whatever is wrong with a file is told at once,
each fault with its key, its value and the remedy: keys that are unknown or missing, wrong types, values out of range,
and keys that contradict each other (*must hold*, under each table).

Costs are told where there are any. Energy and area are those of `neuropixels`, gate by gate on
{process}, with loaded parameters, if nothing else is said; [power](power.md),
[the chip](hardware.md) and [results](results.md) say how they were measured, and what else they depend on.

Made from `spikecae/design/` by `make docs/design_file.md`; change the text there, not here.
"""

EXAMPLE = """\
## A complete file

The shipped `neuropixels` as `designs/example.toml`, with every key written out, and with a detector on the chip for
four contacts. Most files are shorter: a key that has its default need not be there.
"""

TEMPLATE = SOURCES / "designs" / "neuropixels.toml"
CONTACTS_UM = [[0.0, 0.0], [32.0, 0.0], [0.0, 15.0], [32.0, 15.0]]
BOUNDS = {
    "exclusiveMinimum": " above {}",
    "minimum": ", {} or more",
    "maximum": ", {} at most",
    "exclusiveMaximum": ", below {}",
}
"""What a JSON schema's bounds of a number say."""


def reference(design: type[Design] = Design) -> str:
    """The page, in Markdown, for designs of this class."""
    sections = {name: section_in(field) for name, field in design.model_fields.items()}
    parts = [
        INTRODUCTION.format(process=next(iter(with_cells().values())).process),
        "## Before the first table\n",
        _table(design, [name for name in sections if not sections[name]]),
    ]
    for name, section in sections.items():
        if section is None:
            continue
        parts += [f"## `[{name}]`\n", _summary(section)]
        field = design.model_fields[name]
        if not field.is_required():
            without = "there is none" if field.default is None else "all its keys have their defaults"
            parts.append(f"Without the table {without}.\n")
        if not issubclass(section, Encoder):
            parts.append(_keys(section))
            continue
        for kind, encoder in sorted(ENCODERS.items()):
            parts += [f"### `kind = {json.dumps(kind)}`\n", _summary(encoder), _keys(encoder)]
    return "\n".join([*parts, EXAMPLE, f"```toml\n{example()}```\n"])


def example() -> str:
    """A design file in which every key is written out, each under a comment."""
    design = load_design(TEMPLATE).model_copy(
        update={"name": "example", "front_end": Detector(contacts_um=CONTACTS_UM)}
    )
    sections = {name: getattr(design, name) for name in type(design).model_fields}
    lines = list(_assignments(design, [name for name in sections if not isinstance(sections[name], Section)]))
    for name, section in sections.items():
        if isinstance(section, Section):
            lines += ["", *comment(_summary(type(section))), f"[{name}]"]
            lines += _assignments(section, list(type(section).model_fields))
    return "\n".join(lines) + "\n"


def in_words(schema: dict[str, Any]) -> str:
    """What values a JSON schema allows: ``whole number, 1 to 16``."""
    if "const" in schema or "enum" in schema:
        return _either([f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")])])
    match schema["type"]:
        case "boolean":
            return "`true` or `false`"
        case "string":
            known = [f"`{json.dumps(value)}`" for value in schema.get("examples", [])]
            return _either([*known, "another name"]) if known else "text" + _pattern(schema)
        case "array":
            few, many = schema.get("minItems", 0), schema.get("maxItems")
            count = few if few == many else f"{few} or more" if many is None else f"{few} to {many}"
            items = in_words(schema["items"])
            return f"list of {count}, each {items if items.startswith('`') else 'a ' + items}"
        case kind:
            return {"integer": "whole number", "number": "number"}[kind] + _range(schema)


def _pattern(schema: dict[str, Any]) -> str:
    return f" that matches `{schema['pattern']}`" if "pattern" in schema else ""


def _range(schema: dict[str, Any]) -> str:
    bounds = {name: f"{schema[name]:g}" for name in BOUNDS if name in schema}
    if {"minimum", "maximum"} <= bounds.keys():
        return f", {bounds['minimum']} to {bounds['maximum']}"
    return "".join(BOUNDS[name].format(bound) for name, bound in bounds.items())


def _either(choices: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))


def _keys(section: type[Section]) -> str:
    rules = "".join(f"- {_text(inspect.getdoc(rule))}\n" for rule in rules_of(section))
    return _table(section, list(section.model_fields)) + (f"\nMust hold:\n\n{rules}" if rules else "")


def _table(section: type[Section], keys: list[str]) -> str:
    """A row for each key."""
    rows = ["| key | value | default | what it does | what it costs |", "|---|---|---|---|---|"]
    for key, value in _values(section, keys).items():
        field = section.model_fields[key]
        default = "" if field.is_required() else f"`{json.dumps(field.default)}`"
        costs = " ".join(_text(mark.text) for mark in field.metadata if isinstance(mark, Costs))
        cells = [f"`{key}`", value, default, _text(field.description), costs]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _values(section: type[Section], keys: list[str]) -> dict[str, str]:
    """What each key may be, with its unit."""
    schema = section.model_json_schema()["properties"]
    units = {key: [mark.name for mark in section.model_fields[key].metadata if isinstance(mark, Unit)] for key in keys}
    return {key: in_words(schema[key]) + "".join(f" ({unit})" for unit in units[key]) for key in keys}


def _assignments(section: Section, keys: list[str]) -> Iterator[str]:
    """Lines of TOML for keys, each under its own comment."""
    for key, value in _values(type(section), keys).items():
        description = _text(type(section).model_fields[key].description)
        yield from comment(f"{re.split(r'[.;:] |[.]$', description, maxsplit=1)[0]}: {value}")
        yield f"{key} = {json.dumps(getattr(section, key))}"


def _summary(section: type[Section]) -> str:
    return _text(inspect.getdoc(section)).split("\n\n")[0] + "\n"


def _text(docstring: str | None) -> str:
    """Markdown of a docstring, each paragraph on one line."""
    paragraphs = (docstring or "").replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def main() -> None:
    """``python -m flow.design_reference PAGE``."""
    (page,) = map(Path, sys.argv[1:])
    page.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
