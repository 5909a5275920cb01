"""Docstrings as the guide's reference shows them (``extensions`` in ``mkdocs.yml``)."""

import re
from typing import Any

import griffe

__all__ = ["Roles"]

ROLE = re.compile(r":(?:mod|class|func|meth|attr|data):`~?(?:[\w.]+\.)?(\w+)`")


class Roles(griffe.Extension):
    """Roles, such as ``:func:`` before a name, become names in code, as Markdown knows no roles."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
