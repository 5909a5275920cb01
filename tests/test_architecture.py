"""The house rules that keep the packages apart and the files readable."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
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
    "experiments": {"spikecae", "model", "quantize", "rtl", "sim", "synth", "flow"},
    "benchmarks": {"spikecae", "model", "rtl", "sim", "synth", "flow"},
}
"""Imports point one way: spikecae ← model ← quantize, spikecae ← rtl ← sim ← synth, flow on top."""

GOLDEN = ("spikecae.golden", "spikecae.front_end.detector", "spikecae.codec", "spikecae.bitstream")
"""What computes what the hardware must give: spikes, symbols, bits, packets."""
SHARED_BY_GOLDEN_AND_RTL = (
    *("spikecae.spec", "spikecae.stages", "spikecae.design", "spikecae.front_end.front_end"),
    *("spikecae.widths", "spikecae.limits", "spikecae.canonical_code", "spikecae.front_end.geometry"),
    *(
        "spikecae.front_end.band_pass",
        "spikecae.front_end.places",
        "spikecae.front_end.snippet_parts",
        "spikecae.discovery",
        "spikecae.files",
        "spikecae.errors",
    ),
)
"""The spec with its stages, the design and the front end; what these are made of (widths that bounds prove, limits,
canonical codes, distances of contacts, coefficients of filters, places for events); and how modules and files are
found and written, and errors worded."""

TARGETS = "synth/targets"
OF_A_PROCESS = {
    "ihp_sg13g2": r"ihp|sg13g2|typ_1p|slow_1p|_bist|_(?:MEN|WEN|REN|DLY|DOUT)\b",
    "sky130": r"sky130|skywater",
    "osu018": r"osu018|oklahoma",
    "generic_45nm": r"45 ?nm|horowitz",
    "none": "_typ_",
}
"""Names and ways of writing that belong to one process, by its module."""
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:home|Users|root|work|mnt)/\w")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def graph(packages: Iterable[str]) -> dict[str, set[str]]:
    """Modules, and the modules that each imports anywhere in its file, also under ``TYPE_CHECKING``.

    A package that imports all files of its room (``import_modules``) imports them here too; what imports a module
    imports the packages that it lies in.
    """
    files = {dotted(path): path for package in packages for path in modules(package)}
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        taken = {other for other in imported(path) if other in files}
        if path.name == "__init__.py" and "spikecae.discovery" in taken:
            taken |= {dotted(other) for other in path.parent.glob("*.py")}
        found[name] = taken - {name}
    return found


def reached(edges: dict[str, set[str]], start: Iterable[str]) -> set[str]:
    """Everything that modules import, however far down, with the packages on the way."""
    waiting, found = list(start), set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in edges:
            continue
        found.add(name)
        waiting += [*edges[name], *(name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1))]
    return found


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
    names = [dotted(path) for path in modules(package)]
    code = f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_up_to_date_is_found_without_heavy_imports():
    """A make that has nothing to do must not wait for PyTorch."""
    heavy = ("torch", "spikeinterface", "amaranth", "scipy", "matplotlib", "numpy")
    code = f"import sys, flow.cli\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def within(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_golden_model_and_hardware_share_only_the_spec() -> None:
    """Else one mistake could make both agree on the wrong answer. Followed to the end, not only where rtl imports."""
    edges = graph(["spikecae", "rtl"])
    hardware = reached(edges, [name for name in edges if within(name, ["rtl"])])
    shared = {name for name in hardware if within(name, ["spikecae"])} - {"spikecae", "spikecae.front_end"}
    assert not {name for name in shared if not within(name, SHARED_BY_GOLDEN_AND_RTL)}
    golden = reached(edges, [name for name in edges if within(name, GOLDEN)])
    assert not {name for name in golden if within(name, ["rtl"])}
    assert "spikecae.arithmetic" in golden - hardware, "rounding and saturation are each side's own"
    assert "spikecae.stages.convolution" in golden & hardware, "the spec is shared"


def test_nothing_imports_in_a_circle() -> None:
    """Neither modules nor, in the generator and behind it, rooms."""
    edges = graph(MAY_IMPORT)
    circles = {name for name in edges if name in _behind(edges, name)}
    assert not circles
    for package in ("rtl", "synth", "quantize"):
        rooms: dict[str, set[str]] = {}
        for name, taken in graph([package]).items():
            mine = ".".join(name.split(".")[:2]) if name.count(".") > 1 else None
            others = {".".join(other.split(".")[:2]) for other in taken if other.count(".") > 1}
            if mine:
                rooms.setdefault(mine, set()).update(others - {mine})
        assert not {room for room in rooms if room in _behind(rooms, room)}, package


def _behind(edges: dict[str, set[str]], start: str) -> set[str]:
    """What can be reached from a node, itself only through others."""
    waiting, found = list(edges[start]), set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += edges.get(name, ())
    return found


def test_rooms_are_small_and_say_what_belongs_in_them() -> None:
    for package in MAY_IMPORT:
        for folder in sorted({path.parent for path in modules(package)}):
            room = folder.relative_to(ROOT)
            text = (folder / "__init__.py").read_text(encoding="utf-8")
            first = ast.get_docstring(ast.parse(text)) or ""
            assert re.match(r"[A-Z`].{20,}", first), f"{room} does not say what belongs in it"
            count = len(list(folder.glob("*.py"))) - 1
            assert count <= 15 or package == "experiments", f"{room} has {count} files"


def test_shape_is_pure() -> None:
    """The hardware's shape can be asked for without Amaranth."""
    edges = graph(["spikecae", "rtl"])
    for name in reached(edges, [name for name in edges if within(name, ["rtl.shape"])]):
        path = ROOT.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        assert not any(other.split(".")[0] == "amaranth" for other in imported(path)), name


def test_walkers_ask_the_stage() -> None:
    """What walks the list of stages neither names a kind nor tests for one."""
    kinds = {"Normalize", "Convolution", "Residual", "Pool", "Project", "VectorQuantizer", "Huffman"}
    walkers = (
        *("spikecae/spec/encoder_spec.py", "spikecae/spec/content.py", "spikecae/golden/model.py"),
        *("spikecae/golden/network.py", "quantize/fold.py", "quantize/fake_quant.py", "quantize/build.py"),
        *("quantize/exponents.py", "rtl/planning.py", "rtl/shape/plan.py", "rtl/shape/timing.py"),
        *("rtl/pipeline.py", "rtl/encoder.py", "rtl/describe.py", "sim/mutation.py", "synth/estimate/analytic.py"),
    )
    for walker in walkers:
        tree = ast.parse((ROOT / walker).read_bytes())
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & kinds, f"{walker} names {sorted(names & kinds)}"
        texts = {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not texts & {"conv", "residual", "pool", "project", "vq", "block"}, walker


def test_a_process_is_named_in_its_own_file_alone():
    """All that is peculiar to it stands there, and nothing else has any of it."""
    foreign = []
    for package in MAY_IMPORT.keys() - {"experiments"}:  # these measure processes that they choose
        for path in modules(package):
            own = path.stem if path.parent == ROOT / TARGETS else ""
            text = path.read_text(encoding="utf-8")
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
