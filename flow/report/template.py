"""Templates of pages."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

__all__ = ["load_template"]

BASE = Path(__file__).with_name("base.html")
"""What all pages extend: colors, light and dark, and how text, tables and figures look."""


def load_template(path: Path) -> Template:
    """A template whose values are escaped, and whose missing ones are errors."""
    environment = Environment(
        loader=FileSystemLoader([path.parent, BASE.parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(path.name)
