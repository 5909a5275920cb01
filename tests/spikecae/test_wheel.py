"""The wheel: what is in it, and that it works where there is nothing but what it asks for."""

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import spikecae
from spikecae.design import Design
from tests.random_spec import random_adc

ROOT = Path(__file__).resolve().parents[2]

TOOLKIT = [
    "torch",
    "scipy",
    "spikeinterface",
    "safetensors",
    "onnx",
    "model",
    "quantize",
    "rtl",
    "sim",
    "synth",
    "flow",
]

EXTRAS = ("", "decoder", "fast", "spikeinterface", "zarr", "nwb", "sorting")

PROGRAM = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
sys.path.insert(0, INSTALLED)
from spikecae import acceleration, cli
assert cli.__file__.startswith(INSTALLED)
compiled = acceleration.kernels() is not None
try:
    cli.main()
finally:
    print("compiled", compiled, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The wheel, unpacked as pip does it."""
    folder = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "spikecae", source / "spikecae", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "model", source / "model", ignore=shutil.ignore_patterns("__pycache__"))
    command = ["pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", out, source]
    subprocess.run([sys.executable, "-m", *map(str, command)], check=True)
    (built,) = out.glob("*.whl")
    return built


def told(wheel: Path, name: str) -> str:
    """A file of the wheel's metadata."""
    archive = zipfile.ZipFile(wheel)
    return archive.read(next(item for item in archive.namelist() if item.endswith(f".dist-info/{name}"))).decode()


def test_it_holds_the_codec_alone_and_all_of_it(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {
        str(path.relative_to(ROOT)) for path in (ROOT / "spikecae").rglob("*") if path.suffix in (".py", ".typed")
    }
    assert "spikecae = spikecae.__main__:main" in told(wheel, "entry_points.txt")


def test_it_has_the_version_that_the_command_says(wheel: Path) -> None:
    assert f"\nVersion: {spikecae.__version__}\n" in told(wheel, "METADATA")


def test_extras_install_what_the_codec_imports(wheel: Path) -> None:
    """And each package that the codec imports, but may do without, is in the extra that is named for it."""
    requirements = re.findall(r"^Requires-Dist: ([\w-]+).*?(?:\bextra == \"(\w+)\")?$", told(wheel, "METADATA"), re.M)
    named = {extra: {name for name, of in requirements if of == extra} for extra in EXTRAS}
    assert named == {
        "": {"numpy", "pydantic", "typer", "rich"},
        "decoder": {"onnxruntime"},
        "fast": {"numba"},
        "spikeinterface": {"spikecae", "spikeinterface", "probeinterface", "scipy"},  # spikecae: the other extras
        "zarr": {"spikecae", "zarr", "numcodecs"},
        "nwb": {"spikecae", "pynwb"},
        "sorting": {"spikecae", "pandas", "scikit-learn", "hdbscan"},
    }
    imports: set[str] = set()
    for path in (ROOT / "spikecae").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                imports |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imports.add(str(node.module).split(".")[0])
    comes_with = {"pydantic_core": "pydantic", "h5py": "pynwb", "hdmf": "pynwb"}
    of_spikeinterface = {"pandas", "scikit-learn", "hdbscan"}  # what its export and its sorters import
    packages = {comes_with.get(name, name) for name in imports - sys.stdlib_module_names - {"spikecae"}}
    assert packages == set[str]().union(*named.values()) - {"spikecae"} - of_spikeinterface


def test_what_an_extra_brings_is_named_with_it(wheel: Path) -> None:
    requirements = re.findall(r"^Requires-Dist: ([\w-]+).*?extra == \"(\w+)\"$", told(wheel, "METADATA"), re.M)
    for extra, modules in spikecae.EXTRAS.items():
        packages = {"scikit-learn" if module == "sklearn" else module for module in modules}
        with_it = {name for name, of in requirements if of == extra} - {"spikecae"}
        assert with_it <= packages, extra
    assert spikecae.lacking("sklearn.decomposition").endswith("pip install 'spikecae[sorting]'")
    assert spikecae.lacking("elephant").endswith("pip install elephant")


def test_pip_installs_a_command_that_runs(wheel: Path, tmp_path: Path) -> None:
    command = ["pip", "install", "--quiet", "--no-deps", "--no-index", "--prefix", str(tmp_path), str(wheel)]
    subprocess.run([sys.executable, "-m", *command], check=True)
    (packages,) = tmp_path.rglob("site-packages")
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    done = subprocess.run(
        [tmp_path / "bin" / "spikecae", "--version"], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout.decode() == f"spikecae {spikecae.__version__}\n"


def test_type_checkers_find_its_types(installed: Path) -> None:
    assert (installed / "spikecae/py.typed").is_file()


def test_zarr_finds_the_codec_of_snippets(installed: Path, tiny: Design, tmp_path: Path) -> None:
    """In an interpreter that imports Zarr alone; the wheel has no designs, so the environment names the spec."""
    pytest.importorskip("zarr", reason="the extra 'zarr' is not installed")
    units = (random_adc(tiny, 30, seed=1) * tiny.adc.lsb).astype(np.float32)
    expected = spikecae.save_snippets(tmp_path / "x", units, "tiny")[:]
    code = "import sys, zarr, numpy; numpy.save('out.npy', zarr.open('x/snippets', mode='r')[:]); import spikecae"
    command = [sys.executable, "-c", f"{code}; assert spikecae.__file__.startswith({str(installed)!r})"]

    def read(**environment: str) -> subprocess.CompletedProcess[str]:
        told = {**os.environ, "PYTHONPATH": str(installed), **environment}
        return subprocess.run(command, env=told, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "name the folder with its spec.json in the environment variable SPIKECAE_CODECS" in read().stderr
    done = read(SPIKECAE_CODECS=str(tmp_path / "x" / "codec"))
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


@pytest.mark.parametrize("absent", [[], ["numba"], ["numba", "onnxruntime"]], ids=str)
def test_it_needs_nothing_of_the_toolkit(installed: Path, absent: list[str], tiny: Design, tmp_path: Path) -> None:
    shipped = str(ROOT / "designs" / "tiny")
    np.save(tmp_path / "in.npy", random_adc(tiny, 20, seed=1))
    head = f"ABSENT = {[*TOOLKIT, *absent]!r}; INSTALLED = {str(installed)!r}"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-c", head + PROGRAM, *arguments, "--spec", shipped]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("encode", "in.npy", "x.scae")
    assert done.returncode == 0, done.stderr
    assert f"compiled {not absent}" in done.stderr
    waveforms = run("decode", "x.scae", "out.npz")
    if "onnxruntime" in absent:
        assert waveforms.returncode == 1
        assert "pip install onnxruntime" in waveforms.stderr
        assert run("decode", "x.scae", "out.npz", "--latents").returncode == 0
    else:
        assert waveforms.returncode == 0, waveforms.stderr
    with np.load(tmp_path / "out.npz") as out:
        assert len(out["indices"]) == 20
