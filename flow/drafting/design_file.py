"""Design files as they are written: the keys that differ from their defaults, each under the reason for its value."""

import json
import textwrap
from collections.abc import Iterator, Mapping

from spikecae.design import Design, Section

__all__ = ["comment", "design_text"]

LINE = 120
"""Characters of a comment's line."""


def design_text(design: Design, heading: str, reasons: Mapping[str, str]) -> str:
    """A design file.

    Args:
        design: its keys that were said, or that have a reason, are written.
        heading: what it is for.
        reasons: by dotted key, ``encoder.features``.
    """
    lines = [*comment(heading), *_assignments(design, "", reasons)]
    for name in type(design).model_fields:
        section = getattr(design, name)
        if isinstance(section, Section) and name in design.model_fields_set:
            lines += ["", f"[{name}]", *_assignments(section, f"{name}.", reasons)]
    return "\n".join(lines) + "\n"


def _assignments(section: Section, prefix: str, reasons: Mapping[str, str]) -> Iterator[str]:
    for name in type(section).model_fields:
        value, reason = getattr(section, name), reasons.get(f"{prefix}{name}")
        if isinstance(value, Section) or not (name in section.model_fields_set or reason):
            continue
        yield from comment(reason) if reason else ()
        yield f"{name} = {json.dumps(value, ensure_ascii=False)}"


def comment(text: str) -> list[str]:
    """Lines of a comment in TOML."""
    return textwrap.wrap(text.replace("`", ""), LINE, initial_indent="# ", subsequent_indent="#   ")
