"""requirements.lock: every distribution exactly, without what differs by machine."""

import itertools
import json
import re
import tomllib

import pytest

from flow.lock import lock_text
from tests.flow.conftest import ROOT


def test_pins_without_local_versions_or_accelerator_packages() -> None:
    found = {"torch": "2.13.0+cpu", "Jinja2": "3.1.6", "nvidia-cublas": "13.1", "triton": "3.8", "spikecae": "0.1.0"}
    report = {"install": [{"metadata": {"name": name, "version": version}} for name, version in found.items()]}
    lines = [line for line in lock_text(json.dumps(report)).splitlines() if not line.startswith("#")]
    assert lines == ["Jinja2==3.1.6", "torch==2.13.0"]


def test_what_has_wheels_for_some_machines_is_asked_for_there() -> None:
    asked = ["torch>=2; extra == 'toolkit'", 'placer>=0.4; python_version < "3.13" and extra == "toolkit"', "numpy>=2"]
    own = {"name": "spikecae", "version": "0.1.0", "requires_dist": asked}
    others = [{"name": name, "version": "1.0"} for name in ("torch", "placer", "numpy")]
    text = lock_text(json.dumps({"install": [{"metadata": metadata} for metadata in (own, *others)]}))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == ["numpy==1.0", 'placer==1.0; python_version < "3.13"', "torch==1.0"]


def test_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a report"):
        lock_text('{"installed": []}')


def test_the_lock_covers_what_the_project_asks_for() -> None:
    locked = {_normal(line.split("==")[0]) for line in (ROOT / "requirements.lock").read_text().splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    extras.pop("fpga")  # installed by hand where it is wanted
    wanted = [*project["dependencies"], *itertools.chain(*extras.values())]
    wanted = [name for name in wanted if not name.startswith("spikecae[")]
    assert {_normal(re.split(r"[<>=]", name)[0]) for name in wanted} <= locked


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
