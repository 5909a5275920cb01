"""What mkdocs calls when it makes the site (``hooks`` in ``mkdocs.yml``)."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from flow.guide.notebook import as_markdown, executed

__all__ = ["on_files", "on_page_markdown"]

NOTEBOOK = re.compile(r"\]\((notebooks/\w+)\.py\)")
"""A link to one as text."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """A page for every notebook in ``docs/notebooks``, run in the checkout."""
    docs = Path(config.docs_dir)
    for source in sorted((docs / "notebooks").glob("*.py")):
        name = source.relative_to(docs).with_suffix(".md").as_posix()
        text = as_markdown(executed(source, docs.parent))
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links to notebooks lead to their pages."""
    return NOTEBOOK.sub(r"](\1.md)", markdown)
