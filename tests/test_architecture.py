"""The house rules that keep the packages apart and the files readable."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "spikecae": set(),
    "model": {"spikecae"},
    "quantize": {"spikecae", "model"},
    "rtl": {"spikecae"},
    "sim": {"spikecae", "rtl"},
    "synth": {"spikecae", "rtl", "sim"},
    "flow": {"spikecae", "model", "quantize", "rtl", "sim", "synth"},
    "experiments": {"spikecae", "model", "quantize", "rtl", "sim", "synth"},
    "benchmarks": {"spikecae", "model", "rtl", "sim", "synth", "flow"},
}
"""Imports point one way: spikecae ← model ← quantize, spikecae ← rtl ← sim ← synth, flow on top."""

SHARED_BY_GOLDEN_AND_RTL = {
    "spikecae.spec",
    "spikecae.design",
    "spikecae.stages",
    "spikecae.front_end.front_end",
    "spikecae.files",
}
"""The spec (with its stages), the design and the front end, and how a file is replaced: all that the generator may take
from the codec."""

TARGETS = "synth/targets"
OF_A_PROCESS = {
    "ihp_sg13g2": r"ihp|sg13g2|typ_1p|slow_1p|_bist|_(?:MEN|WEN|REN|DLY|DOUT)\b",
    "sky130": r"sky130|skywater",
    "osu018": r"osu018|oklahoma",
    "generic_45nm": r"45 ?nm|horowitz",
    "none": "_typ_",
}
"""Names and ways of writing that belong to one process, by its module."""
LISTS_PROCESSES = {"spikecae/design/design.py"}
"""Where ``hardware.memories`` is a list of names that are allowed."""

MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:home|Users|root|work|mnt)/\w")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, anywhere in it; ``from a import b`` gives both ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package):
    for path in modules(package):
        others = {name.split(".")[0] for name in imported(path)} & MAY_IMPORT.keys() - {package}
        forbidden = others - MAY_IMPORT[package]
        assert not forbidden, f"{path.relative_to(ROOT)} imports {sorted(forbidden)}"


@pytest.mark.parametrize("package", ["spikecae", "rtl"])
def test_no_torch_however_far_down(package):
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules(package)]
    code = f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_up_to_date_is_found_without_heavy_imports():
    """A make that has nothing to do must not wait for PyTorch."""
    heavy = ("torch", "spikeinterface", "amaranth", "scipy", "matplotlib", "numpy")
    code = f"import sys, flow.cli\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_golden_model_and_hardware_share_only_the_spec():
    """Else one mistake could make both agree on the wrong answer."""
    for path in modules("rtl"):
        taken = {name for name in imported(path) if (ROOT / (name.replace(".", "/") + ".py")).is_file()}
        shared = {name for name in taken if name.startswith("spikecae.")} - SHARED_BY_GOLDEN_AND_RTL
        assert not shared, f"{path.relative_to(ROOT)} imports {sorted(shared)}"
    for path in modules("spikecae"):
        assert not any(name.split(".")[0] == "amaranth" for name in imported(path)), path


def test_a_process_is_named_in_its_own_file_alone():
    """All that is peculiar to it stands there; the registry has the module's name, and nothing else has any of it."""
    foreign = []
    for package in MAY_IMPORT.keys() - {"experiments"}:  # these measure processes that they choose
        for path in (path for path in modules(package) if str(path.relative_to(ROOT)) not in LISTS_PROCESSES):
            own = path.stem if path.parent == ROOT / TARGETS else ""
            text = path.read_text(encoding="utf-8")
            if own == "find":
                text = re.sub(rf"\b({'|'.join(OF_A_PROCESS)})\b(?=[,\n)])", "", text)
            for process, names in OF_A_PROCESS.items():
                if process != own:
                    found = re.finditer(names, text, re.IGNORECASE)
                    foreign += [f"{path.relative_to(ROOT)}: {match.group()} ({process})" for match in found]
    assert not foreign


def test_files_are_short_enough_to_read():
    for package in MAY_IMPORT:
        for path in modules(package):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines < 400, f"{path.relative_to(ROOT)} has {lines} lines"


def test_no_pickle():
    for package in MAY_IMPORT:
        for path in modules(package):
            loaded = {"pickle", "joblib", "dill", "cloudpickle", "shelve"} & {n.split(".")[0] for n in imported(path)}
            assert not loaded, f"{path.relative_to(ROOT)} imports {sorted(loaded)}"


def test_no_path_of_one_machine_is_tracked():
    for path in tracked_files():
        found = MACHINE_PATH.search(path.read_bytes())
        assert found is None, f"{path.relative_to(ROOT)} names {found.group().decode()}"


def test_measuring_data_is_named_in_one_place():
    """Where data may lie beside the checkout is for .ci/run to know; everything else asks the environment."""
    beside = b"../" + b"shared"
    naming = {str(path.relative_to(ROOT)) for path in tracked_files() if beside in path.read_bytes()}
    assert naming <= {".ci/run"}
