"""The guide as a site: it builds without a warning, every link leads somewhere, pages fit a telephone and a desk."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.test_page import browser, show
from tests.test_architecture import ROOT

__all__ = ["browser"]

pytestmark = pytest.mark.regress

PAGES = ("index.html", "hardware.html", "results.html", "design_file.html")
FETCHED = re.compile(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="?(https?:[^">\s]*)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="the extra 'docs' is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert {page.name for page in pages} >= set(PAGES)
    for page in pages:
        assert not FETCHED.findall(page.read_text(encoding="utf-8")), page.name


@pytest.mark.parametrize("width", [420, 1600])
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_the_window(site: Path, browser: str, tmp_path: Path, name: str, width: int) -> None:
    shown = show(browser, site / name, width, tmp_path)
    assert (shown.inner, shown.scroll, shown.errors) == (width, width, [])
