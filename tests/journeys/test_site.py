"""The guide as a site: it builds without a warning, notebooks run, links lead somewhere, pages fit any window."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.checkout import make_checkout
from tests.flow.test_page import browser, show

__all__ = ["browser"]

pytestmark = [pytest.mark.journey, pytest.mark.timeout(1800)]

NOTEBOOKS = ("notebooks/neuroscientist.html", "notebooks/chip_designer.html")
PAGES = ("index.html", "hardware.html", "results.html", "design_file.html", "api.html", *NOTEBOOKS)
FETCHED = re.compile(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="?(https?:[^">\s]*)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="the extra 'docs' is not installed")
    folder = tmp_path_factory.mktemp("guide")
    environment = {**os.environ, **make_checkout(folder)}
    done = subprocess.run(["make", "docs"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return folder / "build" / "site"


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert {page.relative_to(site).as_posix() for page in pages} >= set(PAGES)
    for page in pages:
        assert not FETCHED.findall(page.read_text(encoding="utf-8")), page.name


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_show_what_they_draw(site: Path, name: str) -> None:
    text = (site / name).read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 3
    assert "\x1b" not in text  # what draws on a terminal


@pytest.mark.parametrize("width", [420, 1600])
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_the_window(site: Path, browser: str, tmp_path: Path, name: str, width: int) -> None:
    shown = show(browser, site / name, width, tmp_path)
    assert (shown.inner, shown.scroll, shown.errors) == (width, width, [])
