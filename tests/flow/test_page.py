"""The report as a browser shows it, narrow and wide."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from flow.report.measure import Decoded
from flow.report.page import write_page
from flow.report.schema import Report
from flow.report.sent import SentCodewords
from spikecae.design import load_design
from tests.flow.conftest import ROOT
from tests.reports import sample_budget, sample_power, sample_report

PROBE = """<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("body *")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.right > innerWidth + 1 && !e.closest(".table, .wide, svg");
  });
  const burst = [...document.querySelectorAll(".tile")].filter(e => e.scrollWidth > e.clientWidth + 1);
  const found = {inner: innerWidth, scroll: document.documentElement.scrollWidth, errors: window.faults,
    wide: wide.map(e => e.tagName + "." + e.className), burst: burst.map(e => e.textContent)};
  parent.postMessage(JSON.stringify(found), "*");
});
</script>"""
FRAME = """<!DOCTYPE html><body style="margin: 0"><pre id="probe"></pre><script>
addEventListener("message", e => document.getElementById("probe").textContent = e.data);
</script><iframe src="probed.html" style="border: 0; width: {width}px; height: 2000px"></iframe></body>"""
"""A window is 500 pixels wide at least; a frame in it may be narrower."""
LISTENER = """<script>
window.faults = [];
addEventListener("error", e => faults.push(String(e.message || e.target.outerHTML)), true);
for (const kind of ["error", "warn"]) console[kind] = (...what) => faults.push(what.join(" "));
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium to show the page with: sudo apt-get install chromium")
    return found


@pytest.fixture
def report() -> Report:
    """With long names, and everything that a report may have."""
    plain = sample_report()
    power = sample_power().model_copy(update={"budget": sample_budget()})
    data = plain.data.model_copy(update={"source": "a_recording_with_a_very_long_name_" * 4 + ".dat"})
    simulation = plain.simulation.model_copy(update={"mismatches": 1234567, "simulator": "a_simulator_" * 9})
    return plain.model_copy(update={"power": power, "data": data, "simulation": simulation})


@dataclass(frozen=True)
class Shown:
    """A page in a window."""

    inner: int
    scroll: int
    errors: list[str]
    wide: list[str]
    burst: list[str]


def show(browser: str, page: Path, width: int, folder: Path) -> Shown:
    """Open the page; leaves ``<width>.png`` beside it."""
    probed = page.with_name("probed.html")
    text = page.read_text(encoding="utf-8")
    assert text.count("<head>") == 1
    text = text.replace("<head>", f"<head>{LISTENER}").replace("</body>", f"{PROBE}</body>")
    probed.write_text(text, encoding="utf-8")
    frame = page.with_name("frame.html")
    frame.write_text(FRAME.replace("{width}", str(width)), encoding="utf-8")
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
        *(f"--user-data-dir={folder / 'profile'}", f"--window-size={max(width, 500)},2000"),
    ]

    def run(*options: str) -> str:
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(f"--screenshot={page.with_name(f'{width}.png')}", frame.as_uri())
    found = re.search(r'<pre id="probe">(.*?)</pre>', run("--dump-dom", frame.as_uri()), re.DOTALL)
    assert found is not None
    return Shown(**json.loads(html.unescape(found.group(1))))


@pytest.mark.parametrize("width", [420, 1400])
def test_nothing_is_wider_than_the_window(browser: str, report: Report, tmp_path: Path, width: int) -> None:
    rng = np.random.default_rng(0)
    original = rng.normal(0, 30, (200, 2, 16)).astype(np.float32)
    channels = np.repeat(np.arange(8, dtype=np.int32), 50).reshape(200, 2)
    sent = SentCodewords(rng.integers(0, 99, 16), rng.integers(4, 20, 200))
    decoded = Decoded(original, original * 0.8, channels, rng.normal(13, 4, (200, 2)), sent, {})
    write_page(load_design(ROOT / "designs/tiny.toml"), report, decoded, tmp_path)
    shown = show(browser, tmp_path / "report.html", width, tmp_path)
    assert shown == Shown(inner=width, scroll=width, errors=[], wide=[], burst=[])
    assert (tmp_path / f"{width}.png").stat().st_size > 10_000
